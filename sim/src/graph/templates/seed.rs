//! Templates to start with.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shape::{Shape, Slots};
use super::{Category, Template, TemplateStatus};

/// An approved template, as `POST /_sim/templates` takes it: past review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSeed {
    /// Decimal digits; None for the next free one.
    #[serde(default)]
    pub id: Option<String>,
    pub name: String,
    pub language: String,
    pub category: Category,
    /// In Meta's form.
    pub components: Value,
}

impl TemplateSeed {
    /// A template that is a text.
    pub fn text(name: &str, language: &str, category: Category, body: &str) -> Self {
        Self {
            id: None,
            name: name.to_owned(),
            language: language.to_owned(),
            category,
            components: json!([body_component(body)]),
        }
    }

    /// The sample every account has, and those that the traffic has news of.
    pub fn samples() -> Vec<Self> {
        use Category::{Marketing, Utility};
        let hello = "Welcome and congratulations!! This message demonstrates that you can send templates.";
        let with_id = |id: &str, seed: Self| Self {
            id: Some(id.to_owned()),
            ..seed
        };
        vec![
            with_id("1100000000000001", Self::text("hello_world", "en_US", Utility, hello)),
            with_id(
                "1192339204654487",
                Self::text(
                    "order_shipped",
                    "en_US",
                    Utility,
                    "Hello {{1}}, your order {{2}} is on its way to you.",
                ),
            ),
            with_id(
                "2701556813340092",
                Self::text(
                    "lembrete_consulta",
                    "pt_BR",
                    Utility,
                    "Olá {{1}}, sua consulta é no dia {{2}}. Até lá!",
                ),
            ),
            with_id(
                "3518200467115831",
                Self::text(
                    "otono_ofertas",
                    "es_MX",
                    Marketing,
                    "Hola {{1}}, este otoño hay lámparas nuevas en la tienda.",
                ),
            ),
        ]
    }

    pub(crate) fn into_template(self, waba_id: &str, id: String) -> Template {
        let shape = Shape::of(&self.components);
        Template {
            id: self.id.unwrap_or(id),
            waba_id: waba_id.to_owned(),
            name: self.name,
            language: self.language,
            category: self.category,
            status: TemplateStatus::Approved,
            components: self.components,
            is_named: matches!(shape.body, Slots::Named(_)),
            quality: "UNKNOWN".to_owned(),
            rejected_reason: "NONE".to_owned(),
            ttl_seconds: None,
            edits: Vec::new(),
            shape,
        }
    }
}

/// A body as Meta lists it: where it has variables, with an example of them.
fn body_component(text: &str) -> Value {
    let variables = Slots::of(text).len();
    let examples: Vec<String> = (1..=variables).map(|place| format!("example {place}")).collect();
    match variables {
        0 => json!({"type": "BODY", "text": text}),
        _ => json!({"type": "BODY", "text": text, "example": {"body_text": [examples]}}),
    }
}
