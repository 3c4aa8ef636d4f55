//! The providers that carry a channel's messages.

use super::text_enum::text_enum;

text_enum! {
/// A provider that carries a channel's messages to WhatsApp.
pub enum Provider {
    /// Meta's Cloud API.
    Meta = "meta",
}
}
