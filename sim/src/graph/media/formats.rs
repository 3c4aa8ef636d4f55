//! Which files Meta takes, how large, and what they look like inside.

const KB: usize = 1_024;
const MB: usize = 1_024 * KB;

/// What an uploaded file may be.
struct Format {
    mime_type: &'static str,
    most: usize,
    /// The `type` of message it can be sent as, beside `document`.
    kind: &'static str,
    /// Whether bytes can be such a file.
    looks: fn(&[u8]) -> bool,
}

#[rustfmt::skip]
const FORMATS: &[Format] = &[
    Format { mime_type: "image/jpeg", most: 5 * MB, kind: "image", looks: |it| it.starts_with(b"\xff\xd8\xff") },
    Format { mime_type: "image/png", most: 5 * MB, kind: "image", looks: |it| it.starts_with(b"\x89PNG\r\n\x1a\n") },
    Format { mime_type: "image/webp", most: 500 * KB, kind: "sticker", looks: is_webp },
    Format { mime_type: "video/mp4", most: 16 * MB, kind: "video", looks: |it| it.get(4..8) == Some(b"ftyp") },
    Format { mime_type: "video/3gpp", most: 16 * MB, kind: "video", looks: |it| it.get(4..8) == Some(b"ftyp") },
    Format { mime_type: "audio/aac", most: 16 * MB, kind: "audio", looks: |it| it.first() == Some(&0xff) || it.starts_with(b"ADIF") },
    Format { mime_type: "audio/amr", most: 16 * MB, kind: "audio", looks: |it| it.starts_with(b"#!AMR") },
    Format { mime_type: "audio/mpeg", most: 16 * MB, kind: "audio", looks: |it| it.starts_with(b"ID3") || it.first() == Some(&0xff) },
    Format { mime_type: "audio/mp4", most: 16 * MB, kind: "audio", looks: |it| it.get(4..8) == Some(b"ftyp") },
    Format { mime_type: "audio/ogg", most: 16 * MB, kind: "audio", looks: |it| it.starts_with(b"OggS") },
    Format { mime_type: "application/pdf", most: 100 * MB, kind: "document", looks: |it| it.starts_with(b"%PDF-") },
];

/// The most bytes of any file.
pub(super) const LARGEST: usize = 100 * MB;
const LARGEST_STATIC_STICKER: usize = 100 * KB;

/// Why a file cannot be uploaded.
pub(super) enum Fault {
    /// Meta has no use for the type.
    Type,
    TooLarge {
        most: usize,
    },
    /// It is not what it is said to be.
    Content,
}

/// Checks an upload. Documents may be any kind of text or application data.
pub(super) fn check(mime_type: &str, bytes: &[u8]) -> Result<(), Fault> {
    let bare = bare(mime_type);
    let Some(format) = FORMATS.iter().find(|format| format.mime_type == bare) else {
        return match is_document(&bare) {
            true => Ok(()),
            false => Err(Fault::Type),
        };
    };
    let most = match format.kind {
        "sticker" if !is_animated(bytes) => LARGEST_STATIC_STICKER,
        _ => format.most,
    };
    if bytes.len() > most {
        return Err(Fault::TooLarge { most });
    }
    match (format.looks)(bytes) {
        true => Ok(()),
        false => Err(Fault::Content),
    }
}

/// Whether a file of the type can be sent as that kind of message.
pub(super) fn suits(mime_type: &str, kind: &str) -> bool {
    let bare = bare(mime_type);
    match FORMATS.iter().find(|format| format.mime_type == bare) {
        Some(format) => format.kind == kind || kind == "document",
        None => kind == "document",
    }
}

fn bare(mime_type: &str) -> String {
    let bare = mime_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

fn is_document(mime_type: &str) -> bool {
    mime_type.starts_with("text/") || mime_type.starts_with("application/")
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The flag in the extended header of a WebP file.
fn is_animated(bytes: &[u8]) -> bool {
    bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
}
