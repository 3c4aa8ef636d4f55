//! Every way a message from a customer can look.

use serde::{Deserialize, Serialize};

/// A type of message, told apart further where the payload differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    Text,
    /// Near the 4,096 characters a text may have.
    LongText,
    Reply,
    Forwarded,
    FrequentlyForwarded,
    ProductEnquiry,
    /// The first message after a tap on an advertisement (`referral`).
    FromAd,
    InGroup,
    Image,
    /// The file could not be fetched: a type, an error, and no media id.
    FailedMedia,
    Audio,
    VoiceNote,
    Video,
    Document,
    Sticker,
    AnimatedSticker,
    /// The content follows later, or never.
    MediaPlaceholder,
    Location,
    Contacts,
    /// Someone's own number, shared on request (`origin: contact_request`).
    SharedContact,
    ButtonReply,
    ListReply,
    FlowReply,
    AddressReply,
    CallPermissionReply,
    /// A tap on a quick reply of a template.
    Button,
    Reaction,
    /// A reaction taken back: `emoji` is missing.
    ReactionDropped,
    /// A reaction taken back: `emoji` is empty.
    ReactionEmptied,
    Order,
    NumberChange,
    UserIdChange,
    IdentityChange,
    /// Removed by Meta on 27 March 2026; comes only to those who ask for it.
    RequestWelcome,
    Edit,
    Revoke,
    Unsupported,
    Unknown,
    /// A type that no documentation knows.
    UnheardOf,
}

/// Each shape with Meta's `type` and how often it turns up.
const TABLE: &[(Shape, &str, u32)] = &[
    (Shape::Text, "text", 300),
    (Shape::LongText, "text", 3),
    (Shape::Reply, "text", 30),
    (Shape::Forwarded, "text", 8),
    (Shape::FrequentlyForwarded, "text", 4),
    (Shape::ProductEnquiry, "text", 8),
    (Shape::FromAd, "text", 10),
    (Shape::InGroup, "text", 12),
    (Shape::Image, "image", 40),
    (Shape::FailedMedia, "video", 4),
    (Shape::Audio, "audio", 6),
    (Shape::VoiceNote, "audio", 25),
    (Shape::Video, "video", 12),
    (Shape::Document, "document", 12),
    (Shape::Sticker, "sticker", 8),
    (Shape::AnimatedSticker, "sticker", 4),
    (Shape::MediaPlaceholder, "media_placeholder", 3),
    (Shape::Location, "location", 8),
    (Shape::Contacts, "contacts", 6),
    (Shape::SharedContact, "contacts", 4),
    (Shape::ButtonReply, "interactive", 20),
    (Shape::ListReply, "interactive", 12),
    (Shape::FlowReply, "interactive", 8),
    (Shape::AddressReply, "interactive", 3),
    (Shape::CallPermissionReply, "interactive", 4),
    (Shape::Button, "button", 15),
    (Shape::Reaction, "reaction", 25),
    (Shape::ReactionDropped, "reaction", 4),
    (Shape::ReactionEmptied, "reaction", 4),
    (Shape::Order, "order", 8),
    (Shape::NumberChange, "system", 3),
    (Shape::UserIdChange, "system", 3),
    (Shape::IdentityChange, "system", 3),
    (Shape::RequestWelcome, "request_welcome", 0),
    (Shape::Edit, "edit", 8),
    (Shape::Revoke, "revoke", 6),
    (Shape::Unsupported, "unsupported", 6),
    (Shape::Unknown, "unknown", 3),
    (Shape::UnheardOf, "hologram", 3),
];

impl Shape {
    pub fn all() -> impl Iterator<Item = Shape> {
        TABLE.iter().map(|(shape, ..)| *shape)
    }

    /// Meta's `type`.
    pub fn message_type(self) -> &'static str {
        self.row().1
    }

    pub(super) fn weight(self) -> u32 {
        self.row().2
    }

    fn row(self) -> &'static (Shape, &'static str, u32) {
        TABLE
            .iter()
            .find(|(shape, ..)| *shape == self)
            .expect("a test holds the table to every shape")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_shape_in_the_order_of_the_enum() {
        // The enum is dense, so a row per discriminant up to the last variant is a row per variant.
        assert!(
            TABLE
                .iter()
                .enumerate()
                .all(|(place, (shape, ..))| *shape as usize == place)
        );
        assert_eq!(TABLE.len(), Shape::UnheardOf as usize + 1);
    }
}
