//! Events of media that came with messages.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, ConversationId, MediaId, MessageId};

/// A media file that is available or failed.
#[derive(Serialize, ToSchema)]
pub struct MediaEvent<'a> {
    pub media: MediaSummary<'a>,
}

/// The file as `GET /api/v1/media/{id}` shows it.
#[derive(Serialize, ToSchema)]
pub struct MediaSummary<'a> {
    pub id: MediaId,
    /// `image`, `video`, `audio`, `document` or `sticker`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    #[schema(required)]
    pub mime_type: Option<&'a str>,
    #[schema(required)]
    pub filename: Option<&'a str>,
    /// In bytes; null while there is no file.
    #[schema(required)]
    pub size: Option<u64>,
    /// In hexadecimal digits.
    #[schema(required)]
    pub sha256: Option<String>,
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    #[schema(required)]
    pub conversation_id: Option<ConversationId>,
    /// The message it came with.
    #[schema(required)]
    pub message_id: Option<MessageId>,
    #[schema(required)]
    pub wamid: Option<&'a str>,
    /// The reason why there is no file.
    #[schema(required)]
    pub error: Option<&'a str>,
}

types! {
    READY = "media.ready", MediaEvent<'static>,
        "The file of a message is available: `GET /api/v1/media/{id}/content`.",
        media(json!({ "size": 48_213, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }));
    FAILED = "media.failed", MediaEvent<'static>,
        "The file of a message could not be downloaded.",
        media(json!({ "error": "Meta no longer has it" }));
}

fn media(differs: Value) -> Value {
    let mut media = json!({
        "id": sample::MEDIA, "type": "image", "mime_type": "image/jpeg", "filename": null, "size": null, "sha256": null,
        "channel_id": sample::CHANNEL, "conversation_id": sample::CONVERSATION, "message_id": sample::MESSAGE,
        "wamid": sample::WAMID, "error": null,
    });
    sample::overlay(&mut media, differs);
    json!({ "media": media })
}
