//! What a template asks of whoever sends it: compiled once from its components, then held against every send of it.
//!
//! Sources: "Templates" and "Components" of Meta's documentation (2025 and 2026). Kinds of components and buttons that are not known
//! here are passed on unchecked, for Meta adds some all the time.

mod check;
mod code;
mod compile;
mod fill;
mod places;
mod render;
pub(super) mod slots;
#[cfg(test)]
mod tests;

pub use places::{Place, PlaceKind};
pub use render::{Rendered, RenderedButton, RenderedHeader};
pub use slots::{Naming, Slots, Variable};

use std::ops::RangeInclusive;

use crate::meta::message::MediaKind;

/// The most characters of a one-time code ("Authentication templates").
pub const LONGEST_CODE: usize = 15;
/// The most characters of a coupon's code since 3 December 2025 ("Coupon code templates").
pub const LONGEST_COUPON: usize = 20;
/// The most characters of the address behind a button, its variable part included.
pub const LONGEST_URL: usize = 2_000;
/// The most characters of a variable of a body beside which the template has other components ("Template components").
pub const LONGEST_IN_BODY: usize = 1_024;
/// The most where the body is all.
pub const LONGEST_IN_BODY_ALONE: usize = 32_768;
/// How many cards a send of a carousel of products may have, whatever number was approved ("Product card carousel templates").
pub const PRODUCT_CARDS: RangeInclusive<usize> = 2..=10;

/// The open places of a template in one language, or of one card of a carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    pub header: Header,
    pub body: Slots,
    pub footer: Option<String>,
    pub buttons: Vec<Button>,
    pub offer: Offer,
    pub cards: Vec<Schema>,
}

impl Schema {
    /// Whether it is a carousel of products.
    fn shows_products(&self) -> bool {
        !self.cards.is_empty() && self.cards.iter().all(|card| card.header == Header::Product)
    }

    /// How many cards a send has.
    fn card_count(&self) -> RangeInclusive<usize> {
        match self.shows_products() {
            true => PRODUCT_CARDS,
            false => self.cards.len()..=self.cards.len(),
        }
    }

    /// The card of an index. Those of products are all alike, and there may be more of them than were approved.
    fn card(&self, index: usize) -> Option<&Schema> {
        let more = self.cards.first().filter(|_| index < *self.card_count().end());
        self.cards.get(index).or(more)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Header {
    #[default]
    None,
    Text(Slots),
    /// An image, a video or a document.
    File(MediaKind),
    Location,
    Product,
    /// Of a format not known here.
    Unknown,
}

/// A limited-time offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    #[default]
    None,
    /// With no end that is shown.
    Endless,
    /// Every send says when it ends.
    Expires,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub kind: ButtonKind,
    pub label: Option<String>,
    /// With its variable, if it has one.
    pub url: Option<String>,
    pub phone_number: Option<String>,
    pub example: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonKind {
    QuickReply,
    Url,
    /// An address that ends in a variable.
    UrlWithVariable,
    CopyCode,
    OneTimeCode,
    Flow,
    Catalog,
    /// Several products, which every send names.
    Products,
    OrderDetails,
    VoiceCall,
    /// Known to take no parameter.
    Plain,
    Unknown,
}

impl ButtonKind {
    /// As `sub_type` of a send's component.
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

    /// The type of the parameter it takes, which is also the member that holds the value.
    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Self::QuickReply => Some("payload"),
            Self::UrlWithVariable | Self::OneTimeCode => Some("text"),
            Self::CopyCode => Some("coupon_code"),
            Self::Flow | Self::Catalog | Self::Products | Self::OrderDetails => Some("action"),
            Self::Url | Self::VoiceCall | Self::Plain | Self::Unknown => None,
        }
    }

    /// Whether a send has to fill it.
    pub fn is_required(self) -> bool {
        matches!(
            self,
            Self::UrlWithVariable | Self::OneTimeCode | Self::CopyCode | Self::Products | Self::OrderDetails
        )
    }

    /// Whether a send has to have a component for it. That of a flow may be without parameters, but Meta answers 131009 where it is
    /// missing.
    pub fn needs_component(self) -> bool {
        self.is_required() || self == Self::Flow
    }

    /// Whether its component may be without parameters: the token of a flow, its data, and the picture of a catalogue are optional.
    pub fn may_be_bare(self) -> bool {
        matches!(self, Self::Flow | Self::Catalog)
    }

    /// The most characters of its value.
    pub fn longest(self) -> Option<usize> {
        match self {
            Self::OneTimeCode => Some(LONGEST_CODE),
            Self::CopyCode => Some(LONGEST_COUPON),
            Self::UrlWithVariable => Some(LONGEST_URL),
            _ => None,
        }
    }
}
