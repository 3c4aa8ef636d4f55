use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::words;
use crate::meta::message::{Invalid, Outbound};

/// What a message template says. Every text may hold `{{variables}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    deny_unknown_fields,
    expecting = "an object with a type, which is text, buttons, list or media, and what belongs to it"
)]
pub enum Content {
    Text {
        body: String,
        /// Whether a link is shown with a preview.
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
        /// The button's words.
        button: String,
        sections: Vec<Section>,
    },
    /// A file: exactly one of `media_id` (ours), `id` (Meta's) and `link`.
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
    /// Comes back when the customer taps it.
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
    /// Comes back when the customer chooses it.
    pub id: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A message as `POST /api/v1/messages` takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// Meta's type.
    pub kind: String,
    /// What stands under the type.
    pub payload: Value,
    /// What a person would read.
    pub text: Option<String>,
}

impl Content {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Buttons { .. } => "buttons",
            Self::List { .. } => "list",
            Self::Media { .. } => "media",
        }
    }

    /// The names of its variables, each once.
    ///
    /// # Errors
    /// Names the text with braces that are no variable.
    pub fn variables(&self) -> Result<Vec<String>, Invalid> {
        words::variables(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Whether it would be a message: short values stand for the variables, so that what breaks a limit now always would.
    pub fn check(&self) -> Result<(), Invalid> {
        let names = self.variables()?;
        let (kind, template) = self.message();
        let sample = |key: &str, name: &str| match key {
            "link" => "https://example.com".to_owned(),
            "media_id" => format!("med_{}", "0".repeat(32)),
            _ => names.iter().position(|known| known == name).unwrap_or(0).to_string(),
        };
        let checked = Outbound::parse(&kind, &words::filled(&template, &sample));
        checked.map(drop).map_err(|invalid| Invalid {
            field: member(&kind, &invalid.field),
            ..invalid
        })
    }

    /// The message with these values in the places of its variables.
    ///
    /// # Errors
    /// A variable that is missing or unknown, or the member of the message that breaks a limit.
    pub fn fill(&self, values: &Map<String, Value>) -> Result<Filled, Invalid> {
        let values = words::matched(&self.variables()?, values)?;
        let value = |_: &str, name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, template) = self.message();
        let payload = words::filled(&template, &value);
        let text = Outbound::parse(&kind, &payload)?.preview();
        Ok(Filled { kind, payload, text })
    }

    /// Meta's type and what stands under it, variables included.
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

/// The member of the content that has become this one of the message.
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
