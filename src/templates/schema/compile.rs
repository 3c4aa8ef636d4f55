//! Compiles the components of a template into its schema.

use serde_json::Value;

use super::{
    ButtonKind, MAX_BODY_VALUE, MAX_BODY_VALUE_ALONE, MAX_CODE, Offer, Schema, SchemaButton, Slots, TemplateHeader,
};
use crate::meta::message::MediaKind;

impl Schema {
    /// Compiles a template's components in Meta's form; `format` is its `parameter_format`. Types are accepted in either case; unknown
    /// kinds require nothing.
    pub fn compile(category: Option<&str>, format: Option<&str>, components: &Value) -> Self {
        let authentication = category.is_some_and(|it| it.eq_ignore_ascii_case("authentication"));
        let mut schema = Self::of(format, components);
        if authentication {
            schema.body.max_length = Some(MAX_CODE);
            // Meta returns the copy-code button as a URL button with a variable.
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
        let max_length = match list(components).count() {
            1 => MAX_BODY_VALUE_ALONE,
            _ => MAX_BODY_VALUE,
        };
        for component in components.as_array().into_iter().flatten() {
            match word(component, "type").as_str() {
                "header" => schema.header = header(component, format),
                "body" => {
                    schema.body = body(component, format);
                    schema.body.max_length = Some(max_length);
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

fn header(component: &Value, format: Option<&str>) -> TemplateHeader {
    match word(component, "format").as_str() {
        "" | "text" => {
            let mut slots = Slots::of(component["text"].as_str().unwrap_or_default(), format);
            let example = &component["example"];
            set_examples(
                &mut slots,
                &example["header_text"],
                &example["header_text_named_params"],
            );
            TemplateHeader::Text(slots)
        }
        "image" => TemplateHeader::File(MediaKind::Image),
        "video" => TemplateHeader::File(MediaKind::Video),
        "document" => TemplateHeader::File(MediaKind::Document),
        "location" => TemplateHeader::Location,
        "product" => TemplateHeader::Product,
        _ => TemplateHeader::Unknown,
    }
}

/// Compiles a body. An authentication template without text has Meta's own, with the code as its only variable.
fn body(component: &Value, format: Option<&str>) -> Slots {
    let Some(text) = component["text"].as_str() else {
        return Slots::of("{{1}}", None);
    };
    let mut slots = Slots::of(text, format);
    let example = &component["example"];
    set_examples(&mut slots, &example["body_text"], &example["body_text_named_params"]);
    slots
}

/// Sets the examples, which come as a list, a nested list or, for a single variable, a text; named ones as `{param_name, example}`.
fn set_examples(slots: &mut Slots, positional: &Value, named: &Value) {
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

fn button(button: &Value) -> SchemaButton {
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
    SchemaButton {
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
