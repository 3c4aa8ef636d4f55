//! The files that customers send: small, but real ones, so that whoever downloads them can look inside.

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chance::{Chance, base64};

/// Where files lie in bare traffic, which nobody serves: Meta's own host.
pub(crate) const META_ORIGIN: &str = "https://lookaside.fbsbx.com";

/// How long an address of a file is good for, in seconds (Meta: 5 minutes).
pub(crate) const ADDRESS_SECONDS: i64 = 300;

/// A file that a webhook names. The Graph API hands it out for seven days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundFile {
    pub id: String,
    /// As the webhook says it, with parameters.
    pub mime_type: String,
    /// In base64, as webhooks have it.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

impl InboundFile {
    /// A file of that sort. `animated` matters to stickers alone.
    pub(crate) fn invent(mime_type: &str, animated: bool, chance: &mut Chance) -> Self {
        let id = chance.digits(16);
        let bytes = contents(&id, mime_type, animated);
        Self {
            sha256: base64(&Sha256::digest(&bytes)),
            size: bytes.len() as u64,
            id,
            mime_type: mime_type.to_owned(),
        }
    }

    /// The bytes, made anew each time from the id.
    pub(crate) fn contents(&self) -> Bytes {
        let still = contents(&self.id, &self.mime_type, false);
        match still.len() as u64 == self.size {
            true => still,
            false => contents(&self.id, &self.mime_type, true),
        }
    }
}

/// The path and query by which a file is downloaded until `until` (Unix seconds).
pub(crate) fn address(origin: &str, id: &str, until: i64) -> String {
    format!(
        "{origin}/whatsapp_business/attachments/?mid={id}&source=getMedia&ext={until}&hash={}",
        seal(id, until)
    )
}

/// What makes an address hard to guess, and refuses one whose expiry was tampered with.
pub(crate) fn seal(id: &str, until: i64) -> String {
    hex::encode(&Sha256::digest(format!("{id} until {until}"))[..16])
}

/// A specimen of the type with the id worked in, where the format has a place for it; otherwise all are alike.
fn contents(id: &str, mime_type: &str, animated: bool) -> Bytes {
    match mime_type.split(';').next().unwrap_or_default() {
        "image/jpeg" => with_comment(include_bytes!("specimens/photo.jpg"), id),
        "image/webp" if animated => with_chunk(include_bytes!("specimens/animated.webp"), id),
        "image/webp" => Bytes::from_static(include_bytes!("specimens/sticker.webp")),
        "video/mp4" => with_free_box(include_bytes!("specimens/clip.mp4"), id),
        "audio/ogg" => Bytes::from_static(include_bytes!("specimens/voice.ogg")),
        "audio/mpeg" => with_tag(include_bytes!("specimens/song.mp3"), id),
        _ => [
            include_bytes!("specimens/offer.pdf").as_slice(),
            b"%",
            id.as_bytes(),
            b"\n",
        ]
        .concat()
        .into(),
    }
}

/// JPEG: a COM segment after the first marker.
fn with_comment(image: &[u8], id: &str) -> Bytes {
    let length = u16::try_from(id.len() + 2).unwrap_or(2).to_be_bytes();
    let comment = [&[0xff, 0xfe], &length[..], id.as_bytes()].concat();
    [&image[..2], &comment, &image[2..]].concat().into()
}

/// RIFF: a chunk that no decoder knows, and the length in the head corrected.
fn with_chunk(image: &[u8], id: &str) -> Bytes {
    let mut bytes = image.to_vec();
    let even = id.len() + id.len() % 2;
    bytes.extend_from_slice(b"note");
    bytes.extend_from_slice(&u32::try_from(id.len()).unwrap_or(0).to_le_bytes());
    bytes.extend_from_slice(id.as_bytes());
    bytes.resize(image.len() + 8 + even, 0);
    let length = u32::try_from(bytes.len() - 8).unwrap_or(0).to_le_bytes();
    bytes[4..8].copy_from_slice(&length);
    bytes.into()
}

/// MP4: a box that says nothing.
fn with_free_box(film: &[u8], id: &str) -> Bytes {
    let length = u32::try_from(id.len() + 8).unwrap_or(8).to_be_bytes();
    [film, &length, b"free", id.as_bytes()].concat().into()
}

/// MP3: an ID3v1 tag with the id for a title.
fn with_tag(song: &[u8], id: &str) -> Bytes {
    let mut bytes = [song, b"TAG", id.as_bytes()].concat();
    bytes.resize(song.len() + 128, 0);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_they_are_called_and_weigh_what_is_said() {
        let mut chance = Chance::new(1);
        for (mime_type, animated, magic) in [
            ("image/jpeg", false, &b"\xff\xd8\xff\xfe"[..]),
            ("image/webp", false, b"RIFF"),
            ("image/webp", true, b"RIFF"),
            ("video/mp4", false, b"\0\0\0\x1cftypisom"),
            ("audio/ogg; codecs=opus", false, b"OggS"),
            ("audio/mpeg", false, b"\xff\xfb"),
            ("application/pdf", false, b"%PDF-"),
        ] {
            let file = InboundFile::invent(mime_type, animated, &mut chance);
            let bytes = file.contents();
            assert!(bytes.starts_with(magic), "{mime_type}");
            assert_eq!(bytes.len() as u64, file.size);
            assert_eq!(base64(&Sha256::digest(&bytes)), file.sha256);
        }
    }
}
