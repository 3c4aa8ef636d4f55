//! Lists the placeholders of a template for callers.

use serde::Serialize;
use utoipa::ToSchema;

use super::{ButtonKind, Offer, Schema, SchemaButton, TemplateHeader};

/// Type of a placeholder's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlaceKind)]
pub(crate) enum PlaceholderKind {
    /// A text; in a header or body also `{"currency": …}` or `{"date_time": …}`.
    Text,
    Image,
    Video,
    Document,
    Location,
    Product,
    /// Returned when the button is tapped.
    Payload,
    CouponCode,
    OneTimeCode,
    /// An object, as Meta has it under `action`.
    Action,
    /// Milliseconds since 1970-01-01.
    Time,
}

/// A placeholder of a template, filled by every message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct Placeholder {
    /// Its key among the variables of a preview: `body.1`, `header`, `buttons.0`, `cards.1.body.name`. For a product carousel the approved
    /// cards are listed; a message may have two to ten.
    pub key: String,
    #[serde(rename = "type")]
    #[schema(inline)]
    pub kind: PlaceholderKind,
    /// Whether a value is required.
    pub required: bool,
    /// From the template's examples.
    #[schema(required)]
    pub example: Option<String>,
    /// In characters.
    #[schema(required)]
    pub max_length: Option<usize>,
}

/// Maximum length of a header's text.
const MAX_HEADER: usize = 60;

impl Schema {
    /// Returns all placeholders in the order of the message.
    pub(crate) fn placeholders(&self) -> Vec<Placeholder> {
        let mut placeholders = Vec::new();
        self.collect("", &mut placeholders);

        placeholders
    }

    fn collect(&self, prefix: &str, placeholders: &mut Vec<Placeholder>) {
        let mut add = |key: String, kind, required, example: &Option<String>, max_length| {
            placeholders.push(Placeholder {
                key: format!("{prefix}{key}"),
                kind,
                required,
                example: example.clone(),
                max_length,
            });
        };
        match &self.header {
            TemplateHeader::Text(slots) => {
                for it in &slots.variables {
                    let key = format!("header.{}", it.name);
                    add(key, PlaceholderKind::Text, true, &it.example, Some(MAX_HEADER));
                }
            }
            TemplateHeader::File(kind) => add("header".into(), PlaceholderKind::of_file(*kind), true, &None, None),
            TemplateHeader::Location => add("header".into(), PlaceholderKind::Location, true, &None, None),
            TemplateHeader::Product => add("header".into(), PlaceholderKind::Product, true, &None, None),
            TemplateHeader::None | TemplateHeader::Unknown => {}
        }
        for it in &self.body.variables {
            let key = format!("body.{}", it.name);
            add(key, PlaceholderKind::Text, true, &it.example, self.body.max_length);
        }
        if self.offer == Offer::Expires {
            add("limited_time_offer".into(), PlaceholderKind::Time, true, &None, None);
        }
        for (index, button) in self.buttons.iter().enumerate() {
            if let Some(kind) = PlaceholderKind::of_button(button) {
                // Defaults to the code in the body.
                let required = button.kind.is_required() && button.kind != ButtonKind::OneTimeCode;
                let (key, max_length) = (format!("buttons.{index}"), button.kind.max_length());
                add(key, kind, required, &button.example, max_length);
            }
        }
        for (index, card) in self.cards.iter().enumerate() {
            card.collect(&format!("{prefix}cards.{index}."), placeholders);
        }
    }
}

impl PlaceholderKind {
    fn of_file(kind: crate::meta::message::MediaKind) -> Self {
        use crate::meta::message::MediaKind;
        match kind {
            MediaKind::Video => Self::Video,
            MediaKind::Document => Self::Document,
            _ => Self::Image,
        }
    }

    fn of_button(button: &SchemaButton) -> Option<Self> {
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
