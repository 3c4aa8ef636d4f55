use serde::Serialize;
use utoipa::ToSchema;

use super::{Button, ButtonKind, Header, Offer, Schema};

/// What goes into a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A text; in a header or body also `{"currency": …}` or `{"date_time": …}`.
    Text,
    Image,
    Video,
    Document,
    Location,
    Product,
    /// What comes back when the button is tapped.
    Payload,
    CouponCode,
    OneTimeCode,
    /// An object, as Meta has it under `action`.
    Action,
    /// Milliseconds since 1970.
    Time,
}

/// A place that a send fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// Its name among the variables of a preview: `body.1`, `header`, `buttons.0`, `cards.1.body.name`. Of a carousel of products the
    /// cards that were approved are listed; a send may have two to ten.
    pub key: String,
    #[serde(rename = "type")]
    #[schema(inline)]
    pub kind: PlaceKind,
    /// Whether every send has to fill it.
    pub required: bool,
    /// From the template's own examples.
    #[schema(required)]
    pub example: Option<String>,
    /// In characters.
    #[schema(required)]
    pub max_length: Option<usize>,
}

/// The most characters of a header's text.
const LONGEST_HEADER: usize = 60;

impl Schema {
    /// Every place, in the order of the message.
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        self.collect("", &mut places);
        places
    }

    fn collect(&self, before: &str, places: &mut Vec<Place>) {
        let mut add = |key: String, kind, required, example: &Option<String>, max_length| {
            places.push(Place {
                key: format!("{before}{key}"),
                kind,
                required,
                example: example.clone(),
                max_length,
            });
        };
        match &self.header {
            Header::Text(slots) => {
                for it in &slots.variables {
                    let key = format!("header.{}", it.name);
                    add(key, PlaceKind::Text, true, &it.example, Some(LONGEST_HEADER));
                }
            }
            Header::File(kind) => add("header".into(), PlaceKind::of_file(*kind), true, &None, None),
            Header::Location => add("header".into(), PlaceKind::Location, true, &None, None),
            Header::Product => add("header".into(), PlaceKind::Product, true, &None, None),
            Header::None | Header::Unknown => {}
        }
        for it in &self.body.variables {
            let key = format!("body.{}", it.name);
            add(key, PlaceKind::Text, true, &it.example, self.body.longest);
        }
        if self.offer == Offer::Expires {
            add("limited_time_offer".into(), PlaceKind::Time, true, &None, None);
        }
        for (index, button) in self.buttons.iter().enumerate() {
            if let Some(kind) = PlaceKind::of_button(button) {
                // A code is in the body already.
                let required = button.kind.is_required() && button.kind != ButtonKind::OneTimeCode;
                let (key, longest) = (format!("buttons.{index}"), button.kind.longest());
                add(key, kind, required, &button.example, longest);
            }
        }
        for (index, card) in self.cards.iter().enumerate() {
            card.collect(&format!("{before}cards.{index}."), places);
        }
    }
}

impl PlaceKind {
    fn of_file(kind: crate::meta::message::MediaKind) -> Self {
        use crate::meta::message::MediaKind;
        match kind {
            MediaKind::Video => Self::Video,
            MediaKind::Document => Self::Document,
            _ => Self::Image,
        }
    }

    fn of_button(button: &Button) -> Option<Self> {
        match button.kind {
            ButtonKind::QuickReply => Some(Self::Payload),
            ButtonKind::UrlWithVariable => Some(Self::Text),
            ButtonKind::CopyCode => Some(Self::CouponCode),
            ButtonKind::OneTimeCode => Some(Self::OneTimeCode),
            ButtonKind::Flow | ButtonKind::Catalog | ButtonKind::Products | ButtonKind::OrderDetails => {
                Some(Self::Action)
            }
            ButtonKind::Url | ButtonKind::VoiceCall | ButtonKind::Plain | ButtonKind::Unknown => None,
        }
    }
}
