//! Content of a message template: conversion to a message, variables, limits.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::variables;
use crate::meta::message::{Invalid, Outbound};

/// Content of a message template. Every text may contain `{{variables}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    deny_unknown_fields,
    expecting = "an object with a type, which is text, buttons, list or media, and what belongs to it"
)]
#[schema(as = Content)]
pub enum LocalContent {
    Text {
        body: String,
        /// Whether to show a preview of a link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview_url: Option<bool>,
    },
    /// A text with up to three buttons.
    Buttons {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        body: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        buttons: Vec<Choice>,
    },
    /// A text with a button that opens a list of up to ten rows.
    List {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        body: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// Label of the button.
        button: String,
        sections: Vec<Section>,
    },
    /// A file: exactly one of `media_id` (stored here), `id` (Meta's) and `link`.
    Media {
        /// `image`, `video`, `audio`, `document` or `sticker`.
        media: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with id and title")]
pub struct Choice {
    /// Returned when the customer taps the button.
    pub id: String,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with rows, and with a title where there are several"
)]
pub struct Section {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with id, title and perhaps description")]
pub struct Row {
    /// Returned when the customer chooses the row.
    pub id: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A filled message, as `POST /api/v1/messages` accepts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// Meta's type.
    pub kind: String,
    /// The payload under the type.
    pub payload: Value,
    /// Readable text.
    pub text: Option<String>,
}

impl LocalContent {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Buttons { .. } => "buttons",
            Self::List { .. } => "list",
            Self::Media { .. } => "media",
        }
    }

    /// Returns the names of the variables, without duplicates.
    ///
    /// # Errors
    /// Names the text with malformed braces.
    pub fn variables(&self) -> Result<Vec<String>, Invalid> {
        variables::variables(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Validates the content as a message with short values for its variables, so that it fails only if every value would.
    pub fn check(&self) -> Result<(), Invalid> {
        let names = self.variables()?;
        let (kind, template) = self.message();
        let sample = |key: &str, name: &str| match key {
            "link" => "https://example.com".to_owned(),
            "media_id" => format!("med_{}", "0".repeat(32)),
            _ => names.iter().position(|known| known == name).unwrap_or(0).to_string(),
        };
        let checked = Outbound::parse(&kind, &variables::substitute(&template, &sample));
        checked.map(drop).map_err(|invalid| Invalid {
            field: member(&kind, &invalid.field),
            ..invalid
        })
    }

    /// Fills the variables.
    ///
    /// # Errors
    /// A variable is missing or unknown, or a member of the message exceeds a limit.
    pub fn fill(&self, values: &Map<String, Value>) -> Result<Filled, Invalid> {
        let values = variables::match_values(&self.variables()?, values)?;
        let value = |_: &str, name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, template) = self.message();
        let payload = variables::substitute(&template, &value);
        let text = Outbound::parse(&kind, &payload)?.preview();
        Ok(Filled { kind, payload, text })
    }

    /// Returns Meta's type and payload, with variables.
    fn message(&self) -> (String, Value) {
        match self {
            Self::Text { body, preview_url } => {
                let mut text = json!({ "body": body });
                put(&mut text, "preview_url", preview_url);
                ("text".to_owned(), text)
            }
            Self::Buttons {
                header,
                body,
                footer,
                buttons,
            } => {
                let button = |it: &Choice| json!({ "type": "reply", "reply": it });
                let action = json!({ "buttons": buttons.iter().map(button).collect::<Vec<_>>() });
                (
                    "interactive".to_owned(),
                    interactive("button", (header, body, footer), action),
                )
            }
            Self::List {
                header,
                body,
                footer,
                button,
                sections,
            } => {
                let action = json!({ "button": button, "sections": sections });
                (
                    "interactive".to_owned(),
                    interactive("list", (header, body, footer), action),
                )
            }
            Self::Media {
                media,
                media_id,
                id,
                link,
                caption,
                filename,
            } => {
                let mut file = json!({});
                let members = [
                    ("media_id", media_id),
                    ("id", id),
                    ("link", link),
                    ("caption", caption),
                    ("filename", filename),
                ];
                for (name, value) in members {
                    put(&mut file, name, value);
                }
                (media.clone(), file)
            }
        }
    }
}

/// Maps a member of the message to the member of the content it came from.
fn member(kind: &str, field: &str) -> String {
    let Some(rest) = field.strip_prefix(kind) else {
        return "content.media".to_owned();
    };
    match kind {
        "interactive" => {
            let rest = rest.replacen(".action", "", 1).replacen(".reply", "", 1);
            format!("content{}", rest.strip_suffix(".text").unwrap_or(&rest))
        }
        _ => format!("content{rest}"),
    }
}

fn interactive(
    kind: &str,
    (header, body, footer): (&Option<String>, &String, &Option<String>),
    action: Value,
) -> Value {
    let mut interactive = json!({ "type": kind, "body": { "text": body }, "action": action });
    if let Some(text) = header {
        interactive["header"] = json!({ "type": "text", "text": text });
    }
    if let Some(text) = footer {
        interactive["footer"] = json!({ "text": text });
    }
    interactive
}

fn put(object: &mut Value, name: &str, value: &Option<impl Serialize>) {
    if let Some(value) = value {
        object[name] = json!(value);
    }
}
