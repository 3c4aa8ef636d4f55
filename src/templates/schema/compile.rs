use serde_json::Value;

use super::{Button, ButtonKind, Header, LONGEST_CODE, LONGEST_IN_BODY, LONGEST_IN_BODY_ALONE, Offer, Schema, Slots};
use crate::meta::message::MediaKind;

impl Schema {
    /// Compiles a template's components as Meta has them; `format` is its `parameter_format`. Types are written in either case, and
    /// what is not understood asks for nothing.
    pub fn compile(category: Option<&str>, format: Option<&str>, components: &Value) -> Self {
        let authentication = category.is_some_and(|it| it.eq_ignore_ascii_case("authentication"));
        let mut schema = Self::of(format, components);
        if authentication {
            schema.body.longest = Some(LONGEST_CODE);
            // Meta shows the button that copies the code as a link with a variable.
            for button in &mut schema.buttons {
                if button.kind == ButtonKind::UrlWithVariable {
                    button.kind = ButtonKind::OneTimeCode;
                }
            }
        }
        schema
    }

    fn of(format: Option<&str>, components: &Value) -> Self {
        let mut schema = Self::default();
        let longest = match list(components).count() {
            1 => LONGEST_IN_BODY_ALONE,
            _ => LONGEST_IN_BODY,
        };
        for component in components.as_array().into_iter().flatten() {
            match word(component, "type").as_str() {
                "header" => schema.header = header(component, format),
                "body" => {
                    schema.body = body(component, format);
                    schema.body.longest = Some(longest);
                }
                "footer" => schema.footer = component["text"].as_str().map(str::to_owned),
                "buttons" => schema.buttons = list(&component["buttons"]).map(button).collect(),
                "limited_time_offer" => {
                    schema.offer = match component["limited_time_offer"]["has_expiration"].as_bool() {
                        Some(true) => Offer::Expires,
                        _ => Offer::Endless,
                    };
                }
                "carousel" => {
                    schema.cards = list(&component["cards"])
                        .map(|card| Self::of(format, &card["components"]))
                        .collect();
                }
                _ => {}
            }
        }
        schema
    }
}

fn header(component: &Value, format: Option<&str>) -> Header {
    match word(component, "format").as_str() {
        "" | "text" => {
            let mut slots = Slots::of(component["text"].as_str().unwrap_or_default(), format);
            let example = &component["example"];
            note_examples(
                &mut slots,
                &example["header_text"],
                &example["header_text_named_params"],
            );
            Header::Text(slots)
        }
        "image" => Header::File(MediaKind::Image),
        "video" => Header::File(MediaKind::Video),
        "document" => Header::File(MediaKind::Document),
        "location" => Header::Location,
        "product" => Header::Product,
        _ => Header::Unknown,
    }
}

/// The text of a one-time code is Meta's own where none is given, and has one variable: the code.
fn body(component: &Value, format: Option<&str>) -> Slots {
    let Some(text) = component["text"].as_str() else {
        return Slots::of("{{1}}", None);
    };
    let mut slots = Slots::of(text, format);
    let example = &component["example"];
    note_examples(&mut slots, &example["body_text"], &example["body_text_named_params"]);
    slots
}

/// Examples come as a list, a list in a list or, for one variable, as a text; named ones as `{param_name, example}`.
fn note_examples(slots: &mut Slots, positional: &Value, named: &Value) {
    let first = match positional {
        Value::Array(list) if list.first().is_some_and(Value::is_array) => &list[0],
        other => other,
    };
    for (place, variable) in slots.variables.iter_mut().enumerate() {
        let by_name = list(named).find(|it| it["param_name"].as_str() == Some(&variable.name));
        let example = match (by_name, first) {
            (Some(named), _) => named["example"].as_str(),
            (None, Value::String(text)) if place == 0 => Some(text.as_str()),
            (None, _) => first[place].as_str(),
        };
        variable.example = example.map(str::to_owned);
    }
}

fn button(button: &Value) -> Button {
    let text = |name: &str| button[name].as_str().map(str::to_owned);
    let url = text("url");
    let kind = match word(button, "type").as_str() {
        "quick_reply" => ButtonKind::QuickReply,
        "url" if url.as_ref().is_some_and(|url| url.contains("{{")) => ButtonKind::UrlWithVariable,
        "url" => ButtonKind::Url,
        "copy_code" => ButtonKind::CopyCode,
        "otp" => ButtonKind::OneTimeCode,
        "flow" => ButtonKind::Flow,
        "catalog" => ButtonKind::Catalog,
        "mpm" => ButtonKind::Products,
        "order_details" => ButtonKind::OrderDetails,
        "voice_call" => ButtonKind::VoiceCall,
        "phone_number" | "spm" | "request_contact_info" => ButtonKind::Plain,
        _ => ButtonKind::Unknown,
    };
    let example = match &button["example"] {
        Value::Array(list) => list.first().and_then(Value::as_str),
        other => other.as_str(),
    };
    Button {
        kind,
        label: text("text"),
        url,
        phone_number: text("phone_number"),
        example: example.map(str::to_owned),
    }
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_ascii_lowercase()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
