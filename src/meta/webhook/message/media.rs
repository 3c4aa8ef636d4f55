//! Files a person sent. Only the id is promised; bytes are fetched with it within a week.

use crate::meta::webhook::json::Json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub kind: MediaKind,
    pub media_id: String,
    pub mime_type: Option<String>,
    /// As sent: base64 in practice, hexadecimal in some samples.
    pub sha256: Option<String>,
    /// Needs the access token and ends within minutes. Rolled out since November 2025, so not always there.
    pub url: Option<String>,
    pub caption: Option<String>,
    pub filename: Option<String>,
    /// Recorded on the spot rather than attached.
    pub voice: bool,
    /// Of a sticker.
    pub animated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

impl MediaKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

impl Media {
    pub(super) fn read(kind: &str, block: &Json<'_>) -> Option<Media> {
        Some(Media {
            kind: match kind {
                "image" => MediaKind::Image,
                "video" => MediaKind::Video,
                "document" => MediaKind::Document,
                "sticker" => MediaKind::Sticker,
                _ => MediaKind::Audio,
            },
            media_id: block.get("id").id()?,
            mime_type: block.get("mime_type").text(),
            sha256: block.get("sha256").text(),
            url: block.get("url").text(),
            caption: block.get("caption").text(),
            filename: block.get("filename").text(),
            voice: block.get("voice").flag().unwrap_or(kind == "voice"),
            animated: block.get("animated").flag().unwrap_or(false),
        })
    }
}
