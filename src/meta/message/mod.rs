//! What can be sent: typed, checked against every limit Meta documents, and written as the exact request.
//!
//! Callers give the payload as Meta has it under the message's type, so Meta's reference is ours too. Two things differ: a
//! file may be one of ours (`media_id`), and a member Meta does not document is refused, for it is more often misspelt than
//! new. Only the components of a template, which Meta extends all the time, keep what they hold beyond what we know.
//!
//! Limits are those of Meta's pages under "Messages" (November 2025 and later); lengths are in characters. What is not
//! documented is not limited.

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
mod small;
pub mod template;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use contacts::Contact;
pub use envelope::{Audience, Envelope, Options, ProductPolicy, Recipient, Unresolved};
pub use interactive::Interactive;
pub use invalid::Invalid;
pub use location::Location;
pub use media::{Media, MediaKind, MediaRef};
pub use small::{Pin, PinOperation, Reaction, Text};
pub use template::{Language, Template};

use read::At;

/// One message, ready to be sent once its files are with Meta.
#[derive(Clone, Debug, PartialEq)]
pub enum Outbound {
    Text(Text),
    /// An image, audio, video, document or sticker.
    Media(Media),
    Location(Location),
    Contacts(Vec<Contact>),
    Reaction(Reaction),
    Interactive(Box<Interactive>),
    Template(Box<Template>),
    /// Pins a message in a group, or takes the pin back.
    Pin(Pin),
}

/// The types a caller may name.
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
    /// Reads the payload of a message of this type: what Meta has under `text`, `image`, ….
    ///
    /// # Errors
    /// Names the first member that will not do, and why.
    pub fn parse(kind: &str, payload: &Value) -> Result<Self, Invalid> {
        Self::read(kind, payload).map_err(|refused| hint::with_members(kind, payload, refused))
    }

    fn read(kind: &str, payload: &Value) -> Result<Self, Invalid> {
        let at = At::root(kind, payload)?;
        if let Some(media) = MediaKind::parse(kind) {
            return Media::message(media, &at).map(Self::Media);
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

    /// The type, as Meta names it.
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

    /// The template, which alone may be sent without an open service window.
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Template(template) => Some(template),
            _ => None,
        }
    }

    /// Every file of the message and what it serves as, in the order of the payload. Those that are ours have to be replaced
    /// by Meta's ids before the message has a body.
    pub fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        match self {
            Self::Media(media) => vec![media.file()],
            Self::Interactive(interactive) => interactive.media(),
            Self::Template(template) => template.media(),
            Self::Text(_) | Self::Location(_) | Self::Contacts(_) | Self::Reaction(_) | Self::Pin(_) => Vec::new(),
        }
    }

    /// Whether Meta sends such a message to such a recipient.
    ///
    /// # Errors
    /// Groups take text, media, templates and pins; and only groups take pins.
    pub fn fits(&self, to: Audience) -> Result<(), Invalid> {
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

    /// Whether what it asks to pay can still be paid in five minutes.
    ///
    /// # Errors
    /// An order expires sooner than Meta takes, or has expired.
    pub fn lasts(&self, now: DateTime<Utc>) -> Result<(), Invalid> {
        match self {
            Self::Interactive(interactive) => interactive.lasts(now),
            Self::Template(template) => template.lasts(now),
            _ => Ok(()),
        }
    }

    /// The exact request.
    ///
    /// # Errors
    /// A file of ours has no id from Meta yet.
    pub fn body(&self, envelope: &Envelope<'_>) -> Result<String, Unresolved> {
        envelope::write(self, envelope)
    }
}

/// What stands under the type.
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
