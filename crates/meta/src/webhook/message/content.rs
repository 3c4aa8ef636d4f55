//! Content of a message, by type.

use super::interactive::{self, ButtonReply, CallPermissionReply, FlowReply, ListReply, OtherInteractive};
use super::media::MediaContent;
use super::order::OrderContent;
use super::shared::{Contacts, LocationContent};
use super::system::System;
use crate::webhook::json::JsonTree;

#[derive(Debug, Clone, PartialEq)]
pub enum MessageContent {
    Text(TextContent),
    /// `image`, `video`, `audio` (and the older `voice`), `document`, `sticker`.
    Media(MediaContent),
    Location(LocationContent),
    Contacts(Contacts),
    ButtonReply(ButtonReply),
    ListReply(ListReply),
    FlowReply(FlowReply),
    CallPermissionReply(CallPermissionReply),
    OtherInteractive(OtherInteractive),
    Button(TemplateButtonReply),
    Reaction(ReactionContent),
    Order(OrderContent),
    System(System),
    Edit(Edit),
    Revoke(Revoke),
    /// The user opened the chat for the first time, without writing.
    RequestWelcome,
    /// Content that the API does not pass on: `unsupported`, the older `unknown`, and `media_placeholder`.
    Unsupported(Unsupported),
    /// A type that this version does not know, or content that cannot be read.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextContent {
    pub body: String,
}

/// A tapped quick-reply button of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateButtonReply {
    pub payload: Option<String>,
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionContent {
    /// Wamid of the message reacted to.
    pub target: String,
    /// `None` removes an earlier reaction.
    pub emoji: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    pub target: String,
    /// Type of the new message.
    pub kind: String,
    /// Readable text of the new message.
    pub text: Option<String>,
    pub content: Box<MessageContent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    pub target: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The original type, where Meta names it: `poll_creation`, `media_placeholder`, …
    pub kind: Option<String>,
}

impl MessageContent {
    pub(super) fn read(kind: &str, message: &JsonTree<'_>) -> MessageContent {
        read(kind, message).unwrap_or(MessageContent::Unknown)
    }

    /// Returns the text that a person would read.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            MessageContent::Text(text) => Some(text.body.clone()),
            MessageContent::Media(media) => media.caption.clone().or_else(|| media.filename.clone()),
            MessageContent::Location(location) => location.name.clone().or_else(|| location.address.clone()),
            MessageContent::Contacts(contacts) => contacts.text(),
            MessageContent::ButtonReply(reply) => reply.title.clone(),
            MessageContent::ListReply(reply) => reply.title.clone(),
            MessageContent::FlowReply(reply) => reply.body.clone(),
            MessageContent::Button(button) => button.text.clone().or_else(|| button.payload.clone()),
            MessageContent::Reaction(reaction) => reaction.emoji.clone(),
            MessageContent::Order(order) => order.text.clone(),
            MessageContent::System(system) => system.body.clone(),
            MessageContent::Edit(edit) => edit.text.clone(),
            MessageContent::CallPermissionReply(_)
            | MessageContent::OtherInteractive(_)
            | MessageContent::Revoke(_)
            | MessageContent::RequestWelcome
            | MessageContent::Unsupported(_)
            | MessageContent::Unknown => None,
        }
    }
}

fn read(kind: &str, message: &JsonTree<'_>) -> Option<MessageContent> {
    let block = message.get(kind);
    match kind {
        "text" => Some(MessageContent::Text(TextContent {
            body: block.get("body").text()?,
        })),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => {
            MediaContent::read(kind, block).map(MessageContent::Media)
        }
        "location" => LocationContent::read(block).map(MessageContent::Location),
        "contacts" => Contacts::read(block).map(MessageContent::Contacts),
        "interactive" => interactive::read(block),
        "button" => button(block),
        "reaction" => {
            let target = block.get("message_id").id()?;
            Some(MessageContent::Reaction(ReactionContent {
                target,
                emoji: block.get("emoji").text(),
            }))
        }
        "order" => OrderContent::read(block).map(MessageContent::Order),
        "system" => System::read(message).map(MessageContent::System),
        "edit" => edit(block),
        "revoke" => Some(MessageContent::Revoke(Revoke {
            target: block.get("original_message_id").id()?,
        })),
        "request_welcome" => Some(MessageContent::RequestWelcome),
        "unsupported" | "unknown" => Some(MessageContent::Unsupported(Unsupported {
            kind: block.get("type").text(),
        })),
        "media_placeholder" => Some(MessageContent::Unsupported(Unsupported {
            kind: Some(kind.to_owned()),
        })),
        _ => None,
    }
}

fn button(block: &JsonTree<'_>) -> Option<MessageContent> {
    let (payload, text) = (block.get("payload").text(), block.get("text").text());
    (payload.is_some() || text.is_some()).then_some(MessageContent::Button(TemplateButtonReply { payload, text }))
}

fn edit(block: &JsonTree<'_>) -> Option<MessageContent> {
    let target = block.get("original_message_id").id()?;
    let message = block.get("message");
    let kind = message.get("type").text().unwrap_or_default();
    // Nested edits would be read recursively, with a copy of the text at each level.
    let content = match kind.as_str() {
        "edit" => MessageContent::Unknown,
        _ => MessageContent::read(&kind, message),
    };
    Some(MessageContent::Edit(Edit {
        target,
        kind,
        text: content.text(),
        content: Box::new(content),
    }))
}
