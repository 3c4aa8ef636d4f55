//! What a template asks of whoever sends it, found out once when it is made.

use serde_json::Value;

/// The slots of a template, or of one card of a carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub header: Header,
    pub body: Slots,
    pub buttons: Vec<Button>,
    pub cards: Vec<Shape>,
    /// Whether there is an offer that expires.
    pub expires: bool,
    /// Whether it has a body and nothing else.
    pub is_body_alone: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Header {
    #[default]
    None,
    Text(Slots),
    /// `image`, `video` or `document`.
    File(&'static str),
    Location,
    Product,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    /// `{{1}}`, `{{2}}`: how many.
    Positional(usize),
    /// `{{first_name}}`: which.
    Named(Vec<String>),
}

impl Default for Slots {
    fn default() -> Self {
        Self::Positional(0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Button {
    QuickReply,
    Url {
        has_variable: bool,
    },
    CopyCode,
    OneTimeCode,
    Catalog,
    /// Several products, which the send names.
    Products,
    OrderDetails,
    Flow,
    VoiceCall,
    /// Anything that takes no parameter.
    Plain,
}

impl Shape {
    pub fn of(components: &Value) -> Self {
        let mut shape = Self {
            is_body_alone: components.as_array().is_some_and(|list| list.len() == 1),
            ..Self::default()
        };
        for component in components.as_array().into_iter().flatten() {
            let text = component["text"].as_str().unwrap_or_default();
            match kind(component).as_str() {
                "header" => shape.header = header(component, text),
                // The text of a one-time code is Meta's own, and has one slot.
                "body" if component.get("text").is_none() => shape.body = Slots::Positional(1),
                "body" => shape.body = Slots::of(text),
                "buttons" => {
                    let buttons = component["buttons"].as_array();
                    shape.buttons = buttons.into_iter().flatten().map(button).collect();
                }
                "carousel" => {
                    let cards = component["cards"].as_array();
                    shape.cards = cards
                        .into_iter()
                        .flatten()
                        .map(|card| Self::of(&card["components"]))
                        .collect();
                }
                "limited_time_offer" => {
                    shape.expires = component["limited_time_offer"]["has_expiration"]
                        .as_bool()
                        .unwrap_or(false);
                }
                _ => {}
            }
        }
        shape
    }
}

impl Shape {
    /// Whether a variable of it, or of a card, has a name.
    pub fn has_names(&self) -> bool {
        let is_named = |slots: &Slots| matches!(slots, Slots::Named(_));
        let in_header = matches!(&self.header, Header::Text(slots) if is_named(slots));
        in_header || is_named(&self.body) || self.cards.iter().any(Self::has_names)
    }

    /// Whether its cards show products: a send may have 2 to 10 of them.
    pub fn shows_products(&self) -> bool {
        !self.cards.is_empty() && self.cards.iter().all(|card| card.header == Header::Product)
    }
}

impl Slots {
    /// The variables in a text, each once.
    pub fn of(text: &str) -> Self {
        let names = variables(text);
        match names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
            true => Self::Positional(names.len()),
            false => Self::Named(names),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Positional(count) => *count,
            Self::Named(names) => names.len(),
        }
    }
}

/// The names between double braces, each once, in order.
pub(crate) fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim();
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// `type`, in lower case.
pub(crate) fn kind(component: &Value) -> String {
    component["type"].as_str().unwrap_or_default().to_ascii_lowercase()
}

fn header(component: &Value, text: &str) -> Header {
    match component["format"]
        .as_str()
        .unwrap_or("text")
        .to_ascii_lowercase()
        .as_str()
    {
        "image" => Header::File("image"),
        "video" => Header::File("video"),
        "document" => Header::File("document"),
        "location" => Header::Location,
        "product" => Header::Product,
        _ => Header::Text(Slots::of(text)),
    }
}

fn button(button: &Value) -> Button {
    match kind(button).as_str() {
        "quick_reply" => Button::QuickReply,
        "url" => Button::Url {
            has_variable: button["url"].as_str().is_some_and(|url| url.contains("{{")),
        },
        "copy_code" => Button::CopyCode,
        "otp" => Button::OneTimeCode,
        "catalog" => Button::Catalog,
        "mpm" => Button::Products,
        "order_details" => Button::OrderDetails,
        "flow" => Button::Flow,
        "voice_call" => Button::VoiceCall,
        _ => Button::Plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_taken_apart_into_what_it_asks_for() {
        let shape = Shape::of(&json!([
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "body", "text": "Hi {{1}}, {{2}} for you, {{1}}!"},
            {"type": "BUTTONS", "buttons": [
                {"type": "URL", "url": "https://a.example/{{1}}"},
                {"type": "QUICK_REPLY", "text": "Stop"},
            ]},
            {"type": "CAROUSEL", "cards": [{"components": [{"type": "HEADER", "format": "VIDEO"}]}]},
        ]));
        assert_eq!(shape.header, Header::File("image"));
        assert_eq!(shape.body, Slots::Positional(2));
        assert_eq!(shape.buttons, [Button::Url { has_variable: true }, Button::QuickReply]);
        assert_eq!(shape.cards[0].header, Header::File("video"));
        assert_eq!(shape.cards[0].body, Slots::Positional(0));
        let named = Slots::of("Hi {{first_name}}, {{day}}.");
        assert_eq!(named, Slots::Named(vec!["first_name".to_owned(), "day".to_owned()]));
    }
}
