//! Renders a template message as the customer reads it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{ParameterFormat, Schema, Slots, TemplateHeader, slots::fill};
use crate::meta::message::{
    TemplateMessage,
    template::{Component, Parameter},
};

/// A rendered template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Rendered {
    #[schema(required)]
    pub header: Option<RenderedHeader>,
    pub body: String,
    #[schema(required)]
    pub footer: Option<String>,
    pub buttons: Vec<RenderedButton>,
    /// For a carousel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub cards: Vec<Rendered>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct RenderedHeader {
    /// `text`, `image`, `video`, `document`, `location` or `product`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file, location or product, as sent.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct RenderedButton {
    /// The `sub_type` in a message; null if it takes no parameter.
    #[serde(rename = "type")]
    #[schema(required)]
    pub kind: Option<&'static str>,
    #[schema(required)]
    pub text: Option<String>,
    /// The URL it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The value it copies, or that is returned when it is tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Schema {
    /// Renders a message that fits the schema.
    pub(crate) fn render(&self, template: &TemplateMessage) -> Rendered {
        self.rendered(&template.components)
    }

    fn rendered(&self, given: &[Component]) -> Rendered {
        let part = |name: &str| given.iter().find(|it| it.kind.eq_ignore_ascii_case(name));
        let cards = part("carousel").and_then(|it| it.cards.as_deref()).unwrap_or_default();
        let count = match cards.len() {
            given if self.card_count().contains(&given) => given,
            _ => self.cards.len(),
        };
        let card = |index: usize| {
            let card = cards.iter().find(|it| usize::try_from(it.card_index) == Ok(index));
            let schema = self.card(index)?;
            Some(schema.rendered(card.map_or(&[], |card| &card.components)))
        };
        Rendered {
            header: self.rendered_header(part("header")),
            body: text(&self.body, part("body")),
            footer: self.footer.clone(),
            buttons: self.rendered_buttons(given),
            cards: (0..count).filter_map(card).collect(),
        }
    }

    fn rendered_header(&self, given: Option<&Component>) -> Option<RenderedHeader> {
        let first = given.and_then(|it| it.parameters.as_deref()?.first());
        let kind = match &self.header {
            TemplateHeader::None | TemplateHeader::Unknown => return None,
            TemplateHeader::Text(slots) => {
                return Some(RenderedHeader {
                    kind: "text".to_owned(),
                    text: Some(text(slots, given)),
                    value: None,
                });
            }
            TemplateHeader::File(kind) => kind.as_str(),
            TemplateHeader::Location => "location",
            TemplateHeader::Product => "product",
        };
        let value = match first {
            Some(Parameter::Media { file, .. }) => match file {
                crate::meta::message::MediaRef::Stored(id) => Some(serde_json::json!({ "media_id": id })),
                other => serde_json::to_value(other).ok(),
            },
            Some(Parameter::Other(value)) => Some(value[kind].clone()),
            None => None,
        };
        Some(RenderedHeader {
            kind: kind.to_owned(),
            text: None,
            value,
        })
    }

    fn rendered_buttons(&self, given: &[Component]) -> Vec<RenderedButton> {
        let value = |index: usize, member: Option<&str>| {
            let at = |it: &&Component| {
                let place = it.rest.get("index");
                let place = place.and_then(|it| it.as_str().map_or_else(|| it.as_u64(), |text| text.parse().ok()));
                it.kind.eq_ignore_ascii_case("button") && place.unwrap_or(0) == index as u64
            };
            let first = given.iter().find(at)?.parameters.as_deref()?.first()?;
            match first {
                Parameter::Other(value) => value[member?].as_str().map(str::to_owned),
                Parameter::Media { .. } => None,
            }
        };
        let button = |(index, button): (usize, &super::SchemaButton)| {
            let value = value(index, button.kind.parameter());
            let url = button.url.as_deref();
            RenderedButton {
                kind: Some(button.kind.sub_type()).filter(|kind| !kind.is_empty()),
                text: button.label.clone(),
                url: url.map(|url| fill(url, |_| value.as_deref())),
                phone_number: button.phone_number.clone(),
                value: value.filter(|_| button.url.is_none()),
            }
        };
        self.buttons.iter().enumerate().map(button).collect()
    }
}

fn text(slots: &Slots, given: Option<&Component>) -> String {
    let parameters = given.and_then(|it| it.parameters.as_deref()).unwrap_or_default();
    let mut values: HashMap<&str, String> = HashMap::new();
    for (place, parameter) in parameters.iter().enumerate() {
        let Parameter::Other(value) = parameter else { continue };
        let name = match slots.naming {
            ParameterFormat::Positional => slots.variables.get(place).map(|it| it.name.as_str()),
            ParameterFormat::Named => value["parameter_name"].as_str(),
        };
        let shown = match value["type"].as_str() {
            Some("currency") => &value["currency"]["fallback_value"],
            Some("date_time") => &value["date_time"]["fallback_value"],
            _ => &value["text"],
        };
        if let (Some(name), Some(shown)) = (name, shown.as_str()) {
            values.insert(name, shown.to_owned());
        }
    }
    slots.render(|name| values.get(name).map(String::as_str))
}
