//! Events of conversations.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, ContactId, ConversationId};

/// A new conversation.
#[derive(Serialize, ToSchema)]
pub struct Opened {
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
}

/// A service window that ends soon.
#[derive(Serialize, ToSchema)]
pub struct WindowClosing {
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    /// End of the window. Afterwards only templates may be sent, until the contact writes or calls again.
    pub window_expires_at: DateTime<Utc>,
}

types! {
    OPENED = "conversation.opened", Opened,
        "The first message between a contact and a channel, or the first call by the contact.",
        json!({ "conversation_id": sample::CONVERSATION, "channel_id": sample::CHANNEL, "contact_id": sample::CONTACT });
    WINDOW_CLOSING = "conversation.window_closing", WindowClosing,
        "The service window ends within MAINSTAY_WINDOW_CLOSING_MINUTES, 60 by default. Once per window; a window that the contact has \
        extended counts as a new one.",
        json!({ "conversation_id": sample::CONVERSATION, "channel_id": sample::CHANNEL, "contact_id": sample::CONTACT,
            "window_expires_at": "2026-09-22T13:33:20Z" });
}
