//! What a file is, from its first bytes. The crate `infer` knows most signatures; here is what it does not tell apart and phones produce.

use super::archive;
use crate::media::store::WantsVariants;

/// Bytes that tell: an Office document shows what it is some way in.
pub const HEAD: usize = 8 * 1024;

/// A MIME type without its parameters, in small letters.
pub fn essence(mime_type: &str) -> String {
    let essence = mime_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The type of a file whose type was declared by somebody whom we need not believe: what the bytes show wins, and media must show it.
/// Fails with the type that was declared falsely.
pub fn checked(declared: Option<&str>, head: &[u8]) -> Result<String, String> {
    let found = settled(declared, head);
    let of_media = ["image/", "video/", "audio/"]
        .iter()
        .any(|class| found.starts_with(class));
    if of_media && signature(head).is_none() {
        return Err(found);
    }
    Ok(found)
}

/// The type of a file whose type Meta declared: the bytes win where they tell, else the declaration holds. It keeps its parameters where
/// the two agree.
pub fn settled(declared: Option<&str>, head: &[u8]) -> String {
    let declared = declared.map(str::trim).filter(|text| text.contains('/'));
    let named = declared.map(essence).unwrap_or_default();
    let Some(found) = signature(head) else {
        return match declared {
            Some(text) if !text.is_empty() => normal(text),
            _ => "application/octet-stream".to_owned(),
        };
    };
    let agrees = match found {
        // A container, or a language, that many types are written in.
        "application/zip" => ["openxmlformats", "opendocument", "epub", "archive", "macroenabled"]
            .iter()
            .any(|word| named.contains(word)),
        // With macros, or as a template.
        _ if found.contains("openxmlformats") => {
            named.contains("macroenabled")
                || named
                    .strip_suffix(".template")
                    .is_some_and(|kind| found.starts_with(kind))
        }
        "application/x-ole-storage" => named == "application/msword" || named.starts_with("application/vnd.ms-"),
        "text/html" | "text/xml" | "text/x-shellscript" => named.starts_with("text/") || named.ends_with("xml"),
        "video/mp4" => matches!(named.as_str(), "audio/mp4" | "video/3gpp"),
        _ => false,
    };
    match declared {
        Some(text) if agrees || essence(&normal(text)) == found => normal(text),
        _ => found.to_owned(),
    }
}

/// Older and longer names, as Meta says them.
fn normal(mime_type: &str) -> String {
    match essence(mime_type).as_str() {
        "image/jpg" => "image/jpeg".to_owned(),
        "audio/m4a" | "audio/x-m4a" => "audio/mp4".to_owned(),
        "audio/mp3" => "audio/mpeg".to_owned(),
        "audio/opus" => "audio/ogg".to_owned(),
        _ => mime_type.to_owned(),
    }
}

fn signature(head: &[u8]) -> Option<&'static str> {
    if let Some(brand) = brand(head) {
        return Some(brand);
    }
    // RFC 4867 §5; to `infer` it looks like a script.
    if head.starts_with(b"#!AMR") {
        return Some("audio/amr");
    }
    if let Some(document) = archive::document(head) {
        return Some(document);
    }
    match infer::get(head).map(|found| found.mime_type()) {
        Some("audio/m4a") => Some("audio/mp4"),
        Some("audio/opus") => Some("audio/ogg"),
        Some("video/x-m4v") => Some("video/mp4"),
        Some(found) => Some(found),
        None => is_mp3_frame(head).then_some("audio/mpeg"),
    }
}

/// The major brand of an ISO media file (ISO/IEC 14496-12), where it says more than "video": 3GPP phones, voice recorders.
fn brand(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    match head.get(8..12)? {
        [b'3', b'g', ..] => Some("video/3gpp"),
        b"M4A " | b"M4B " => Some("audio/mp4"),
        b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"M4V " | b"dash" => {
            Some("video/mp4")
        }
        _ => None,
    }
}

/// A frame of MPEG audio, layer III, without a tag before it.
fn is_mp3_frame(head: &[u8]) -> bool {
    matches!(head, [0xff, second, third, ..] if second & 0xe6 == 0xe2 && third & 0xf0 != 0xf0 && third & 0x0c != 0x0c)
}

/// Whether an Ogg stream is Opus: the first page holds its name (RFC 7845 §5.1).
pub fn is_opus(head: &[u8]) -> bool {
    head.starts_with(b"OggS") && head.windows(8).take(64).any(|it| it == b"OpusHead")
}

/// Whether a WebP has several pictures: a flag of its extended header.
pub fn is_animated_webp(head: &[u8]) -> bool {
    head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|flags| flags & 0x02 != 0)
}

/// Whether smaller pictures can be made of it.
pub fn wants_variants(head: &[u8]) -> WantsVariants {
    match signature(head) {
        Some("image/jpeg" | "image/png" | "image/webp") => WantsVariants::Yes,
        _ => WantsVariants::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meta_declares_holds_where_the_bytes_do_not_speak() {
        let zip = b"PK\x03\x04\x14\0\0\0\0\0";
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (declared, head, expected) in [
            (
                Some("audio/ogg; codecs=opus"),
                &b"OggS\0\x02"[..],
                "audio/ogg; codecs=opus",
            ),
            (Some("image/jpeg"), b"????", "image/jpeg"),
            (Some(docx), zip, docx),
            (Some("application/octet-stream"), zip, "application/zip"),
            (Some("application/pdf"), zip, "application/zip"),
            (Some("text/csv"), b"a,b\n1,2\n", "text/csv"),
            (Some("nonsense"), b"????", "application/octet-stream"),
            (None, b"%PDF-1.4", "application/pdf"),
            (Some("audio/mpeg"), &[0xff, 0xf3, 0x84, 0xc4, 0], "audio/mpeg"),
        ] {
            assert_eq!(settled(declared, head), expected, "{declared:?}");
        }
    }
}
