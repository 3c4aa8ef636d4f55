//! Media sent by users. Only the id is guaranteed; the file can be downloaded with it for a week.

use crate::webhook::json::JsonTree;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaContent {
    pub kind: InboundMediaKind,
    pub media_id: String,
    pub mime_type: Option<String>,
    /// As sent: base64 in practice, hexadecimal in some samples.
    pub sha256: Option<String>,
    /// Needs the access token and expires within minutes. Rolled out since November 2025, so not always present.
    pub url: Option<String>,
    pub caption: Option<String>,
    pub filename: Option<String>,
    /// A voice message recorded in WhatsApp rather than an attached file.
    pub voice: bool,
    /// For stickers.
    pub animated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundMediaKind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

impl InboundMediaKind {
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

impl MediaContent {
    pub(super) fn read(kind: &str, block: &JsonTree<'_>) -> Option<MediaContent> {
        Some(MediaContent {
            kind: match kind {
                "image" => InboundMediaKind::Image,
                "video" => InboundMediaKind::Video,
                "document" => InboundMediaKind::Document,
                "sticker" => InboundMediaKind::Sticker,
                _ => InboundMediaKind::Audio,
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
