//! Outbound messages: typed, validated against every limit Meta documents, and written as the exact request.
//!
//! Callers give the payload in Meta's format for the message's type, so Meta's reference applies. Two things differ: a file may be one
//! stored here (`media_id`), and a member that Meta does not document is rejected, since it is more often misspelt than new. Only
//! components of templates, which Meta keeps extending, pass on unknown members.
//!
//! Limits follow Meta's pages under "Messages" (November 2025 and later); lengths are in characters. What is not documented is not limited.

mod contacts;
mod envelope;
mod hint;
pub mod interactive;
mod invalid;
mod location;
mod media;
pub mod payment;
mod preview;
mod read;
mod simple;
pub mod template;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use contacts::OutboundContact;
pub use envelope::{Audience, MessageRecipient, Options, ProductPolicy, SendEnvelope, UnresolvedMedia};
pub use interactive::Interactive;
pub use invalid::Invalid;
pub use location::Location;
pub use media::{MediaKind, MediaRef, OutboundMedia};
pub use simple::{Pin, PinOperation, Reaction, Text};
pub use template::{Language, TemplateMessage};

use read::Field;

/// An outbound message, ready to be sent once its files are at Meta.
#[derive(Clone, Debug, PartialEq)]
pub enum Outbound {
    Text(Text),
    /// An image, audio, video, document or sticker.
    Media(OutboundMedia),
    Location(Location),
    Contacts(Vec<OutboundContact>),
    Reaction(Reaction),
    Interactive(Box<Interactive>),
    Template(Box<TemplateMessage>),
    /// Pins a message in a group, or unpins it.
    Pin(Pin),
}

/// The accepted message types.
pub const TYPES: [&str; 12] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
    "pin",
];

impl Outbound {
    /// Parses the payload of a message of this type: what Meta has under `text`, `image`, ….
    ///
    /// # Errors
    /// Names the first invalid member and the reason.
    pub fn parse(kind: &str, payload: &Value) -> Result<Self, Invalid> {
        Self::read(kind, payload).map_err(|refused| hint::with_members(kind, payload, refused))
    }

    fn read(kind: &str, payload: &Value) -> Result<Self, Invalid> {
        let at = Field::root(kind, payload)?;
        if let Some(media) = MediaKind::parse(kind) {
            return OutboundMedia::message(media, &at).map(Self::Media);
        }
        match kind {
            "text" => Text::read(&at).map(Self::Text),
            "location" => Location::read(&at).map(Self::Location),
            "contacts" => contacts::read(&at).map(Self::Contacts),
            "reaction" => Reaction::read(&at).map(Self::Reaction),
            "interactive" => interactive::read(&at).map(|it| Self::Interactive(Box::new(it))),
            "template" => template::read(&at).map(|it| Self::Template(Box::new(it))),
            "pin" => Pin::read(&at).map(Self::Pin),
            _ => Err(Invalid::new("type", format!("must be one of {}", TYPES.join(", ")))),
        }
    }

    /// Returns Meta's name of the type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Media(media) => media.kind.as_str(),
            Self::Location(_) => "location",
            Self::Contacts(_) => "contacts",
            Self::Reaction(_) => "reaction",
            Self::Interactive(_) => "interactive",
            Self::Template(_) => "template",
            Self::Pin(_) => "pin",
        }
    }

    /// Returns the template; only templates may be sent without an open service window.
    pub fn template(&self) -> Option<&TemplateMessage> {
        match self {
            Self::Template(template) => Some(template),
            _ => None,
        }
    }

    /// Returns every file of the message with its kind, in the order of the payload. Stored files have to be replaced by Meta's ids before
    /// [`Self::body`].
    pub fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        match self {
            Self::Media(media) => vec![media.file()],
            Self::Interactive(interactive) => interactive.media(),
            Self::Template(template) => template.media(),
            Self::Text(_) | Self::Location(_) | Self::Contacts(_) | Self::Reaction(_) | Self::Pin(_) => Vec::new(),
        }
    }

    /// Checks that Meta accepts this type for such a recipient.
    ///
    /// # Errors
    /// Groups accept text, media, templates and pins; only groups accept pins.
    pub fn check_audience(&self, to: Audience) -> Result<(), Invalid> {
        let to_group = to == Audience::Group;
        match self {
            Self::Text(_) | Self::Media(_) | Self::Template(_) => Ok(()),
            Self::Pin(_) if to_group => Ok(()),
            Self::Pin(_) => Err(Invalid::new("type", "a pin can only be sent to a group")),
            _ if to_group => {
                let problem = format!("a group takes text, media, templates and pins, not {}", self.kind());
                Err(Invalid::new("type", problem))
            }
            _ => Ok(()),
        }
    }

    /// Checks that an order in the message can still be paid in five minutes.
    ///
    /// # Errors
    /// The order expires sooner than Meta allows, or has expired.
    pub fn check_expiry(&self, now: DateTime<Utc>) -> Result<(), Invalid> {
        match self {
            Self::Interactive(interactive) => interactive.check_expiry(now),
            Self::Template(template) => template.check_expiry(now),
            _ => Ok(()),
        }
    }

    /// Writes the exact request body.
    ///
    /// # Errors
    /// A stored file has no media id from Meta yet.
    pub fn body(&self, envelope: &SendEnvelope<'_>) -> Result<String, UnresolvedMedia> {
        envelope::write(self, envelope)
    }
}

/// Serialises the payload under the type.
impl Serialize for Outbound {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(it) => it.serialize(to),
            Self::Media(it) => it.serialize(to),
            Self::Location(it) => it.serialize(to),
            Self::Contacts(it) => it.serialize(to),
            Self::Reaction(it) => it.serialize(to),
            Self::Interactive(it) => it.serialize(to),
            Self::Template(it) => it.serialize(to),
            Self::Pin(it) => it.serialize(to),
        }
    }
}
