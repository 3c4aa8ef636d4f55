//! Replies to interactive messages.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::MessageContent;
use crate::webhook::clean::clean_text;
use crate::webhook::json::JsonTree;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonReply {
    /// As set when sending.
    pub id: Option<String>,
    pub title: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListReply {
    pub id: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
}

/// A completed flow or address form (`nfm_reply`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReply {
    /// `flow` or `address_message`.
    pub name: Option<String>,
    /// `Sent` in practice.
    pub body: Option<String>,
    /// The answers as JSON text, safe for `JSONB`; `None` if it is not JSON.
    pub response: Option<String>,
    /// As set when sending; Meta's default is `unused`.
    pub flow_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPermissionReply {
    /// `accept` or `reject`.
    pub response: String,
    /// `user_action` or `automatic`.
    pub source: Option<String>,
    /// `None` for a permanent permission and for a refusal.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherInteractive {
    pub kind: String,
}

/// Reads a reply; `None` if the block has no usable answer.
pub(super) fn read(block: &JsonTree<'_>) -> Option<MessageContent> {
    let kind = block.get("type").str()?;
    let reply = block.get(kind);
    let (id, title) = (reply.get("id").text(), reply.get("title").text());
    match kind {
        "button_reply" if id.is_some() || title.is_some() => {
            Some(MessageContent::ButtonReply(ButtonReply { id, title }))
        }
        "list_reply" if id.is_some() || title.is_some() => Some(MessageContent::ListReply(ListReply {
            id,
            title,
            description: reply.get("description").text(),
        })),
        "nfm_reply" if reply.is_object() => Some(MessageContent::FlowReply(flow_reply(reply))),
        "call_permission_reply" => Some(MessageContent::CallPermissionReply(CallPermissionReply {
            response: reply.get("response").text()?,
            source: reply.get("response_source").text(),
            expires_at: reply.get("expiration_timestamp").time(),
        })),
        "button_reply" | "list_reply" | "nfm_reply" => None,
        _ => Some(MessageContent::OtherInteractive(OtherInteractive {
            kind: kind.to_owned(),
        })),
    }
}

fn flow_reply(reply: &JsonTree<'_>) -> FlowReply {
    // JSON within a string: sanitising the body did not see its escapes.
    let response = reply.get("response_json").str().map(clean_text);
    let response = response.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok());
    let answers = response.as_deref().map(JsonTree::read).unwrap_or_default();
    FlowReply {
        name: reply.get("name").text(),
        body: reply.get("body").text(),
        flow_token: answers.get("flow_token").text(),
        response: response.as_deref().map(str::to_owned),
    }
}
