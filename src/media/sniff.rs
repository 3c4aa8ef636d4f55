//! Detects file types by their first bytes. Extends the crate `infer` by formats that phones produce and it does not distinguish.

use super::archive;
use crate::media::store::WantsVariants;

/// Number of bytes examined; the type of an Office document shows only some way in.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// Returns a MIME type without parameters, in lower case.
pub(crate) fn essence(mime_type: &str) -> String {
    let essence = mime_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Returns the type of a file with an untrusted declared type: the bytes win, and image, video and audio must be recognised by them.
///
/// # Errors
/// Returns the falsely declared type.
pub(crate) fn verified_type(declared: Option<&str>, head: &[u8]) -> Result<String, String> {
    let found = resolved_type(declared, head);
    let of_media = ["image/", "video/", "audio/"]
        .iter()
        .any(|class| found.starts_with(class));
    if of_media && signature(head).is_none() {
        return Err(found);
    }
    Ok(found)
}

/// Returns the type of a file whose type Meta declared: the bytes win if recognised, otherwise the declaration does. Parameters are kept if
/// the two agree.
pub(crate) fn resolved_type(declared: Option<&str>, head: &[u8]) -> String {
    let declared = declared.map(str::trim).filter(|text| text.contains('/'));
    let named = declared.map(essence).unwrap_or_default();
    let Some(found) = signature(head) else {
        return match declared {
            Some(text) if !text.is_empty() => normalize(text),
            _ => "application/octet-stream".to_owned(),
        };
    };
    let agrees = match found {
        // Containers and languages of many types.
        "application/zip" => ["openxmlformats", "opendocument", "epub", "archive", "macroenabled"]
            .iter()
            .any(|word| named.contains(word)),
        // Variants with macros, and document templates.
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
        Some(text) if agrees || essence(&normalize(text)) == found => normalize(text),
        _ => found.to_owned(),
    }
}

/// Replaces aliases of a type by Meta's name.
fn normalize(mime_type: &str) -> String {
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
    // RFC 4867 §5; `infer` takes it for a script.
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

/// Returns the type by the major brand of an ISO media file (ISO/IEC 14496-12), where it is more specific than video: 3GPP phones, voice
/// recorders.
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

/// Returns whether the bytes begin with an MPEG audio layer III frame, without a tag before it.
fn is_mp3_frame(head: &[u8]) -> bool {
    matches!(head, [0xff, second, third, ..] if second & 0xe6 == 0xe2 && third & 0xf0 != 0xf0 && third & 0x0c != 0x0c)
}

/// Returns whether an Ogg stream is Opus, by the name in its first page (RFC 7845 §5.1).
pub(crate) fn is_opus(head: &[u8]) -> bool {
    head.starts_with(b"OggS") && head.windows(8).take(64).any(|it| it == b"OpusHead")
}

/// Returns whether a WebP is animated, by a flag of its extended header.
pub(crate) fn is_animated_webp(head: &[u8]) -> bool {
    head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|flags| flags & 0x02 != 0)
}

/// Returns whether variants can be generated.
pub(crate) fn wants_variants(head: &[u8]) -> WantsVariants {
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
            assert_eq!(resolved_type(declared, head), expected, "{declared:?}");
        }
    }
}
