//! Types and sizes that Meta accepts, from "Supported media types" in Meta's documentation.

use super::{
    MediaKind,
    sniff::{self, essence},
};

const MB: u64 = 1024 * 1024;
/// Maximum size of a file, in either direction.
pub(crate) const MAX_FILE_BYTES: u64 = 100 * MB;
/// Maximum sizes of stickers.
const STICKER: u64 = 100 * 1024;
const ANIMATED_STICKER: u64 = 500 * 1024;

/// All types that Meta accepts, with the kind they are sent as. Every type can also be sent as a document.
const TYPES: &[(&str, MediaKind)] = &[
    ("image/jpeg", MediaKind::Image),
    ("image/png", MediaKind::Image),
    ("image/webp", MediaKind::Sticker),
    ("video/mp4", MediaKind::Video),
    ("video/3gpp", MediaKind::Video),
    ("audio/aac", MediaKind::Audio),
    ("audio/amr", MediaKind::Audio),
    ("audio/mpeg", MediaKind::Audio),
    ("audio/mp4", MediaKind::Audio),
    ("audio/ogg", MediaKind::Audio),
    ("text/plain", MediaKind::Document),
    ("application/pdf", MediaKind::Document),
    ("application/msword", MediaKind::Document),
    ("application/vnd.ms-excel", MediaKind::Document),
    ("application/vnd.ms-powerpoint", MediaKind::Document),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        MediaKind::Document,
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        MediaKind::Document,
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        MediaKind::Document,
    ),
];

/// Reason why Meta does not accept a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the file is empty")]
    Empty,
    #[error("{mime_type} is not a type that Meta takes; it takes {}", accepted_types(None))]
    Type { mime_type: String },
    #[error("{mime_type} cannot be sent as {}; that takes {}", .kind.as_str(), accepted_types(Some(*.kind)))]
    Kind { kind: MediaKind, mime_type: String },
    #[error("the bytes are not those of {0}")]
    Bytes(String),
    #[error("Meta takes audio/ogg only with the codec Opus")]
    NotOpus,
    #[error("{what} may have at most {max_bytes} bytes")]
    TooLarge { what: &'static str, max_bytes: u64 },
}

fn accepted_types(kind: Option<MediaKind>) -> String {
    let able = |(_, of): &&(&str, MediaKind)| matches!(kind, None | Some(MediaKind::Document)) || kind == Some(*of);
    let names: Vec<&str> = TYPES.iter().filter(able).map(|(name, _)| *name).collect();
    names.join(", ")
}

/// An accepted type with its size limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedType {
    pub kind: MediaKind,
    /// Without parameters.
    pub mime_type: String,
    /// In bytes.
    pub max_bytes: u64,
    pub what: &'static str,
}

impl AcceptedType {
    pub(crate) fn check_size(&self, size: u64) -> Result<(), Rejected> {
        if size > self.max_bytes {
            return Err(Rejected::TooLarge {
                what: self.what,
                max_bytes: self.max_bytes,
            });
        }
        Ok(())
    }
}

/// Checks a file's type by its first bytes. `kind` is how it will be sent; inferred from the type if absent.
pub fn accept(kind: Option<MediaKind>, declared: Option<&str>, head: &[u8]) -> Result<AcceptedType, Rejected> {
    if head.is_empty() {
        return Err(Rejected::Empty);
    }
    let mime_type = essence(&sniff::verified_type(declared, head).map_err(Rejected::Bytes)?);
    let accepted = lookup(kind, &mime_type)?;
    if mime_type == "audio/ogg" && !sniff::is_opus(head) {
        return Err(Rejected::NotOpus);
    }
    Ok(match accepted.kind {
        MediaKind::Sticker if sniff::is_animated_webp(head) => AcceptedType {
            max_bytes: ANIMATED_STICKER,
            what: "an animated sticker",
            ..accepted
        },
        _ => accepted,
    })
}

/// Checks whether a file of this type and size can be sent as this kind.
pub fn check_sendable(kind: MediaKind, mime_type: &str, size: u64) -> Result<(), Rejected> {
    let mut accepted = lookup(Some(kind), &essence(mime_type))?;
    if kind == MediaKind::Sticker {
        // Whether the sticker is animated was checked on upload.
        accepted.max_bytes = ANIMATED_STICKER;
    }
    accepted.check_size(size)
}

fn lookup(kind: Option<MediaKind>, mime_type: &str) -> Result<AcceptedType, Rejected> {
    let found = TYPES.iter().find(|(name, _)| *name == mime_type);
    let (_, own) = found.ok_or_else(|| Rejected::Type {
        mime_type: mime_type.to_owned(),
    })?;
    let kind = kind.unwrap_or(*own);
    if kind != *own && kind != MediaKind::Document {
        return Err(Rejected::Kind {
            kind,
            mime_type: mime_type.to_owned(),
        });
    }
    let (max_bytes, what) = match kind {
        MediaKind::Image => (5 * MB, "an image"),
        MediaKind::Video => (16 * MB, "a video"),
        MediaKind::Audio => (16 * MB, "an audio file"),
        MediaKind::Document => (MAX_FILE_BYTES, "a document"),
        MediaKind::Sticker => (STICKER, "a sticker that does not move"),
    };
    Ok(AcceptedType {
        kind,
        mime_type: mime_type.to_owned(),
        max_bytes,
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0];
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const OPUS: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    const VORBIS: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis";
    const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
    const M4A: &[u8] = b"\0\0\0\x18ftypM4A \0\0\x02\0isomiso2";
    const THREE_GP: &[u8] = b"\0\0\0\x18ftyp3gp4\0\0\x02\0isom3gp4";
    const AMR: &[u8] = b"#!AMR\n\x3c\x91\x17\x16";
    const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const STILL: &[u8] = b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0";
    const MOVING: &[u8] = b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0";
    const HTML: &[u8] = b"<!DOCTYPE html><html>";

    #[test]
    fn a_file_is_what_its_bytes_say() {
        for (head, declared, mime_type, kind, max_bytes) in [
            (JPEG, None, "image/jpeg", MediaKind::Image, 5 * MB),
            (JPEG, Some("image/png"), "image/jpeg", MediaKind::Image, 5 * MB),
            (PNG, Some("IMAGE/PNG"), "image/png", MediaKind::Image, 5 * MB),
            (
                OPUS,
                Some("audio/ogg; codecs=opus"),
                "audio/ogg",
                MediaKind::Audio,
                16 * MB,
            ),
            (MP4, Some("video/mp4"), "video/mp4", MediaKind::Video, 16 * MB),
            (MP4, Some("audio/mp4"), "audio/mp4", MediaKind::Audio, 16 * MB),
            (M4A, None, "audio/mp4", MediaKind::Audio, 16 * MB),
            (THREE_GP, None, "video/3gpp", MediaKind::Video, 16 * MB),
            (AMR, None, "audio/amr", MediaKind::Audio, 16 * MB),
            (
                MP3,
                Some("application/octet-stream"),
                "audio/mpeg",
                MediaKind::Audio,
                16 * MB,
            ),
            (PDF, None, "application/pdf", MediaKind::Document, MAX_FILE_BYTES),
            (
                b"Hello",
                Some("text/plain; charset=utf-8"),
                "text/plain",
                MediaKind::Document,
                MAX_FILE_BYTES,
            ),
            (STILL, None, "image/webp", MediaKind::Sticker, STICKER),
            (MOVING, None, "image/webp", MediaKind::Sticker, ANIMATED_STICKER),
        ] {
            let accepted = accept(None, declared, head).unwrap_or_else(|error| panic!("{mime_type}: {error}"));
            assert_eq!(
                (accepted.mime_type.as_str(), accepted.kind, accepted.max_bytes),
                (mime_type, kind, max_bytes)
            );
        }
    }

    #[test]
    fn what_meta_does_not_take_is_refused_with_what_it_does() {
        let bytes = |mime: &str| Rejected::Bytes(mime.to_owned());
        let unknown = |mime: &str| Rejected::Type {
            mime_type: mime.to_owned(),
        };
        for (kind, declared, head, expected) in [
            (None, None, &b""[..], Rejected::Empty),
            (None, Some("image/jpeg"), b"not a picture", bytes("image/jpeg")),
            (None, Some("audio/ogg"), VORBIS, Rejected::NotOpus),
            (None, Some("text/html"), HTML, unknown("text/html")),
            (None, None, b"whatever", unknown("application/octet-stream")),
            (
                Some(MediaKind::Image),
                None,
                STILL,
                Rejected::Kind {
                    kind: MediaKind::Image,
                    mime_type: "image/webp".to_owned(),
                },
            ),
        ] {
            assert_eq!(accept(kind, declared, head), Err(expected));
        }
        let words = accept(Some(MediaKind::Video), None, JPEG).unwrap_err().to_string();
        assert!(
            words.contains("video/mp4, video/3gpp") && !words.contains("pdf"),
            "{words}"
        );
    }

    #[test]
    fn a_picture_can_be_sent_as_a_document_of_a_documents_size() {
        let accepted = accept(Some(MediaKind::Document), None, JPEG).unwrap();
        assert_eq!(
            (accepted.kind, accepted.max_bytes),
            (MediaKind::Document, MAX_FILE_BYTES)
        );
        assert!(accepted.check_size(MAX_FILE_BYTES).is_ok() && accepted.check_size(MAX_FILE_BYTES + 1).is_err());
    }

    #[test]
    fn what_came_in_may_be_too_large_to_go_out_the_same_way() {
        assert!(check_sendable(MediaKind::Video, "video/mp4", 16 * MB).is_ok());
        assert!(check_sendable(MediaKind::Video, "video/mp4", 16 * MB + 1).is_err());
        assert!(check_sendable(MediaKind::Document, "video/mp4", 60 * MB).is_ok());
        assert!(check_sendable(MediaKind::Audio, "audio/ogg; codecs=opus", MB).is_ok());
        assert!(check_sendable(MediaKind::Image, "application/pdf", MB).is_err());
    }
}
