//! What a message says, by its type.

use super::interactive::{self, ButtonReply, CallPermissionReply, FlowReply, ListReply, OtherInteractive};
use super::media::Media;
use super::order::Order;
use super::shared::{Contacts, Location};
use super::system::System;
use crate::meta::webhook::json::Json;

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Text(Text),
    /// `image`, `video`, `audio` (and the older `voice`), `document`, `sticker`.
    Media(Media),
    Location(Location),
    Contacts(Contacts),
    ButtonReply(ButtonReply),
    ListReply(ListReply),
    FlowReply(FlowReply),
    CallPermissionReply(CallPermissionReply),
    OtherInteractive(OtherInteractive),
    Button(Button),
    Reaction(Reaction),
    Order(Order),
    System(System),
    Edit(Edit),
    Revoke(Revoke),
    /// The chat was opened for the first time; nothing was written.
    RequestWelcome,
    /// WhatsApp knows more than the API passes on: `unsupported`, the older `unknown`, and `media_placeholder`.
    Unsupported(Unsupported),
    /// A type this version does not know, or one whose content does not read.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub body: String,
}

/// A quick-reply button of a template was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    pub payload: Option<String>,
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The message reacted to.
    pub target: String,
    /// None takes an earlier reaction back.
    pub emoji: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    pub target: String,
    /// The type of the new message.
    pub kind: String,
    /// What a person would now read.
    pub text: Option<String>,
    pub content: Box<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    pub target: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// What it was, where Meta says so: `poll_creation`, `media_placeholder`, …
    pub kind: Option<String>,
}

impl Content {
    pub(super) fn read(kind: &str, message: &Json<'_>) -> Content {
        read(kind, message).unwrap_or(Content::Unknown)
    }

    /// What a person would read.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Content::Text(text) => Some(text.body.clone()),
            Content::Media(media) => media.caption.clone().or_else(|| media.filename.clone()),
            Content::Location(location) => location.name.clone().or_else(|| location.address.clone()),
            Content::Contacts(contacts) => contacts.text(),
            Content::ButtonReply(reply) => reply.title.clone(),
            Content::ListReply(reply) => reply.title.clone(),
            Content::FlowReply(reply) => reply.body.clone(),
            Content::Button(button) => button.text.clone().or_else(|| button.payload.clone()),
            Content::Reaction(reaction) => reaction.emoji.clone(),
            Content::Order(order) => order.text.clone(),
            Content::System(system) => system.body.clone(),
            Content::Edit(edit) => edit.text.clone(),
            Content::CallPermissionReply(_)
            | Content::OtherInteractive(_)
            | Content::Revoke(_)
            | Content::RequestWelcome
            | Content::Unsupported(_)
            | Content::Unknown => None,
        }
    }
}

fn read(kind: &str, message: &Json<'_>) -> Option<Content> {
    let block = message.get(kind);
    match kind {
        "text" => Some(Content::Text(Text {
            body: block.get("body").text()?,
        })),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => Media::read(kind, block).map(Content::Media),
        "location" => Location::read(block).map(Content::Location),
        "contacts" => Contacts::read(block).map(Content::Contacts),
        "interactive" => interactive::read(block),
        "button" => button(block),
        "reaction" => {
            let target = block.get("message_id").id()?;
            Some(Content::Reaction(Reaction {
                target,
                emoji: block.get("emoji").text(),
            }))
        }
        "order" => Order::read(block).map(Content::Order),
        "system" => System::read(message).map(Content::System),
        "edit" => edit(block),
        "revoke" => Some(Content::Revoke(Revoke {
            target: block.get("original_message_id").id()?,
        })),
        "request_welcome" => Some(Content::RequestWelcome),
        "unsupported" | "unknown" => Some(Content::Unsupported(Unsupported {
            kind: block.get("type").text(),
        })),
        "media_placeholder" => Some(Content::Unsupported(Unsupported {
            kind: Some(kind.to_owned()),
        })),
        _ => None,
    }
}

fn button(block: &Json<'_>) -> Option<Content> {
    let (payload, text) = (block.get("payload").text(), block.get("text").text());
    (payload.is_some() || text.is_some()).then_some(Content::Button(Button { payload, text }))
}

fn edit(block: &Json<'_>) -> Option<Content> {
    let target = block.get("original_message_id").id()?;
    let message = block.get("message");
    let kind = message.get("type").text().unwrap_or_default();
    // An edit of an edit would be read as deep as it is nested, its text copied at each level.
    let content = match kind.as_str() {
        "edit" => Content::Unknown,
        _ => Content::read(&kind, message),
    };
    Some(Content::Edit(Edit {
        target,
        kind,
        text: content.text(),
        content: Box::new(content),
    }))
}
