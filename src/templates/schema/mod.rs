//! Schema of a template: its placeholders, compiled once from the components, against which every template message is checked.
//!
//! Sources: "Templates" and "Components" of Meta's documentation (2025 and 2026). Unknown kinds of components and buttons are passed on
//! unchecked, since Meta keeps adding them.

mod check;
mod code;
mod compile;
mod fill;
mod placeholders;
mod render;
pub(super) mod slots;
#[cfg(test)]
mod tests;

pub(crate) use fill::Variables;
pub(crate) use placeholders::Placeholder;
pub(crate) use render::Rendered;
pub(crate) use slots::ParameterFormat;
pub use slots::Slots;

use std::ops::RangeInclusive;

use crate::meta::message::MediaKind;

/// Maximum length of a one-time code ("Authentication templates").
pub(crate) const MAX_CODE: usize = 15;
/// Maximum length of a coupon code since 3 December 2025 ("Coupon code templates").
pub(crate) const MAX_COUPON: usize = 20;
/// Maximum length of a button's URL, its variable part included.
pub(crate) const MAX_URL: usize = 2_000;
/// Maximum length of a body's variable if the template has other components ("Template components").
pub(crate) const MAX_BODY_VALUE: usize = 1_024;
/// Maximum length of a body's variable if the body is the only component.
pub(crate) const MAX_BODY_VALUE_ALONE: usize = 32_768;
/// Number of cards in a product carousel message, whatever number was approved ("Product card carousel templates").
pub(crate) const PRODUCT_CARDS: RangeInclusive<usize> = 2..=10;

/// Placeholders of a template in one language, or of one card of a carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    pub(crate) header: TemplateHeader,
    pub body: Slots,
    pub(crate) footer: Option<String>,
    pub(crate) buttons: Vec<SchemaButton>,
    pub(crate) offer: Offer,
    pub cards: Vec<Schema>,
}

impl Schema {
    /// Returns whether the template is a product carousel.
    fn shows_products(&self) -> bool {
        !self.cards.is_empty() && self.cards.iter().all(|card| card.header == TemplateHeader::Product)
    }

    /// Returns the allowed number of cards in a message.
    fn card_count(&self) -> RangeInclusive<usize> {
        match self.shows_products() {
            true => PRODUCT_CARDS,
            false => self.cards.len()..=self.cards.len(),
        }
    }

    /// Returns the card of an index. Product cards are all alike, and a message may have more of them than were approved.
    fn card(&self, index: usize) -> Option<&Schema> {
        let more = self.cards.first().filter(|_| index < *self.card_count().end());
        self.cards.get(index).or(more)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TemplateHeader {
    #[default]
    None,
    Text(Slots),
    /// Image, video or document.
    File(MediaKind),
    Location,
    Product,
    /// An unknown format.
    Unknown,
}

/// A limited-time offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Offer {
    #[default]
    None,
    /// An offer without a displayed expiration.
    Endless,
    /// Every message states the expiration.
    Expires,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaButton {
    pub kind: ButtonKind,
    pub label: Option<String>,
    /// With its variable, if any.
    pub url: Option<String>,
    pub phone_number: Option<String>,
    pub example: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    QuickReply,
    Url,
    /// A URL that ends in a variable.
    UrlWithVariable,
    CopyCode,
    OneTimeCode,
    Flow,
    Catalog,
    /// Several products, named in every message.
    Products,
    OrderDetails,
    VoiceCall,
    /// Takes no parameter.
    Plain,
    Unknown,
}

impl ButtonKind {
    /// Returns the `sub_type` of the message's component.
    pub fn sub_type(self) -> &'static str {
        match self {
            Self::QuickReply => "quick_reply",
            Self::Url | Self::UrlWithVariable | Self::OneTimeCode => "url",
            Self::CopyCode => "copy_code",
            Self::Flow => "flow",
            Self::Catalog => "catalog",
            Self::Products => "mpm",
            Self::OrderDetails => "order_details",
            Self::VoiceCall => "voice_call",
            Self::Plain | Self::Unknown => "",
        }
    }

    /// Returns the type of its parameter, which is also the member that holds the value.
    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Self::QuickReply => Some("payload"),
            Self::UrlWithVariable | Self::OneTimeCode => Some("text"),
            Self::CopyCode => Some("coupon_code"),
            Self::Flow | Self::Catalog | Self::Products | Self::OrderDetails => Some("action"),
            Self::Url | Self::VoiceCall | Self::Plain | Self::Unknown => None,
        }
    }

    /// Returns whether every message has to give a parameter.
    pub(crate) fn is_required(self) -> bool {
        matches!(
            self,
            Self::UrlWithVariable | Self::OneTimeCode | Self::CopyCode | Self::Products | Self::OrderDetails
        )
    }

    /// Returns whether every message has to have its component. A flow's may lack parameters, but Meta answers 131009 if it is missing.
    pub(crate) fn needs_component(self) -> bool {
        self.is_required() || self == Self::Flow
    }

    /// Returns whether its component may lack parameters: a flow's token and data and a catalog's picture are optional.
    pub(crate) fn parameter_is_optional(self) -> bool {
        matches!(self, Self::Flow | Self::Catalog)
    }

    /// Returns the maximum length of its value in characters.
    pub fn max_length(self) -> Option<usize> {
        match self {
            Self::OneTimeCode => Some(MAX_CODE),
            Self::CopyCode => Some(MAX_COUPON),
            Self::UrlWithVariable => Some(MAX_URL),
            _ => None,
        }
    }
}
