//! A template to be made, checked against the limits Meta documents ("Template components", 2025) before Meta is asked. What Meta
//! decides by rules of its own, such as whether there are too many variables for so few words, is left to it.

mod components;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::schema::{Naming, Slots};
use crate::meta::message::Invalid;
use components::{at_most, check_components};

const NAME: usize = 512;

/// Read in either case: Meta's own examples have both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", try_from = "String")]
pub enum Category {
    Authentication,
    Marketing,
    Utility,
}

impl Category {
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "AUTHENTICATION" => Some(Self::Authentication),
            "MARKETING" => Some(Self::Marketing),
            "UTILITY" => Some(Self::Utility),
            _ => None,
        }
    }

    /// The longest that Meta tries to deliver, in seconds; −1 stands for 30 days.
    fn longest_ttl(self) -> i64 {
        match self {
            Self::Authentication => 900,
            Self::Utility => 43_200,
            Self::Marketing => 2_592_000,
        }
    }
}

impl TryFrom<String> for Category {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("must be one of AUTHENTICATION, MARKETING and UTILITY")
    }
}

/// A template as it is handed to Meta.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Draft {
    /// At most 512 of `a-z`, `0-9` and `_`.
    #[schema(example = "order_shipped")]
    pub name: String,
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    #[schema(example = "en_US")]
    pub language: String,
    #[schema(inline)]
    pub category: Category,
    /// `positional` or `named`; where it is left out, the variables tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_format: Option<String>,
    /// In Meta's form: header, body, footer, buttons, carousel.
    #[schema(value_type = Vec<Object>)]
    pub components: Value,
    /// Seconds after which an undelivered message is dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
    /// Whether Meta may put it into another category instead of rejecting it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_category_change: Option<bool>,
    /// `ORDER_STATUS` for a template that tells how an order stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_category: Option<String>,
    /// `ORDER_DETAILS` for a marketing template with a button to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_format: Option<String>,
}

/// What is to be changed of a template; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateChange {
    /// All of them, in Meta's form: they replace those there are.
    #[schema(value_type = Option<Vec<Object>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Value>,
    /// Not of an approved template.
    #[schema(inline)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
}

type Checked = Result<(), Invalid>;

impl Draft {
    /// As it is handed to Meta: with `parameter_format` where its variables have names and nothing is said of them, for Meta takes
    /// variables for numbered ones then, and refuses names.
    pub fn completed(&self) -> Self {
        let format = self.parameter_format.clone();
        Self {
            parameter_format: format.or_else(|| has_names(&self.components).then(|| "NAMED".to_owned())),
            ..self.clone()
        }
    }

    pub fn check(&self) -> Checked {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.name.is_empty() || !self.name.bytes().all(plain) {
            return Err(Invalid::new(
                "name",
                "must be of lower-case letters a to z, digits and underscores",
            ));
        }
        at_most("name", &self.name, NAME)?;
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if self.language.is_empty() || !self.language.bytes().all(word) {
            return Err(Invalid::new(
                "language",
                "must be a language as Meta writes it, such as en_US",
            ));
        }
        let format = self.parameter_format.as_deref();
        if format.is_some_and(|it| !["named", "positional"].contains(&it.to_ascii_lowercase().as_str())) {
            return Err(Invalid::new("parameter_format", "must be named or positional"));
        }
        check_ttl(self.message_send_ttl_seconds, Some(self.category))?;
        check_components(&self.components, format)
    }
}

impl TemplateChange {
    /// `category` and `format` are the template's own.
    pub fn check(&self, category: Option<Category>, format: Option<&str>) -> Checked {
        if self.components.is_none() && self.category.is_none() && self.message_send_ttl_seconds.is_none() {
            let problem = "is missing; give at least one of components, category and message_send_ttl_seconds";
            return Err(Invalid::new("components", problem));
        }
        check_ttl(self.message_send_ttl_seconds, self.category.or(category))?;
        self.components
            .as_ref()
            .map_or(Ok(()), |components| check_components(components, format))
    }
}

/// Whether a text in the components, or in those of a card, has a variable with a name.
fn has_names(components: &Value) -> bool {
    components.as_array().into_iter().flatten().any(|component| {
        let text = component["text"].as_str().unwrap_or_default();
        let mut cards = component["cards"].as_array().into_iter().flatten();
        Slots::of(text, None).naming == Naming::Named || cards.any(|card| has_names(&card["components"]))
    })
}

fn check_ttl(ttl: Option<i64>, category: Option<Category>) -> Checked {
    let most = category.map_or(Category::Marketing.longest_ttl(), Category::longest_ttl);
    match ttl {
        Some(ttl) if ttl != -1 && !(30..=most).contains(&ttl) => Err(Invalid {
            limit: Some(most.unsigned_abs()),
            ..Invalid::new(
                "message_send_ttl_seconds",
                format!("must be −1 (30 days) or from 30 to {most}"),
            )
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(format: Option<&str>, components: Value) -> Draft {
        let draft = json!({ "name": "t", "language": "en_US", "category": "Marketing", "parameter_format": format, "components": components });
        serde_json::from_value(draft).unwrap()
    }

    #[test]
    fn names_are_announced_where_the_draft_does_not_say() {
        let body = |text: &str| json!({ "type": "body", "text": text });
        let format = |format, components| draft(format, components).completed().parameter_format;
        let card = json!({ "components": [body("For {{name}} only")] });
        for components in [
            json!([body("Hi {{name}}, ok")]),
            json!([{ "type": "HEADER", "format": "TEXT", "text": "{{name}}" }, body("Ok")]),
            json!([body("Ok"), { "type": "carousel", "cards": [card] }]),
        ] {
            assert_eq!(
                format(None, components.clone()).as_deref(),
                Some("NAMED"),
                "{components}"
            );
            assert_eq!(format(Some("named"), components).as_deref(), Some("named"));
        }
        assert_eq!(
            format(None, json!([body("Hi {{1}}, ok"), { "type": "footer", "text": "Bye" }])),
            None
        );
        let said = draft(Some("positional"), json!([body("Hi {{name}}, ok")])).completed();
        assert_eq!(said.check().unwrap_err().field, "components[0].text");
    }

    #[test]
    fn a_category_is_read_in_either_case_and_written_in_capitals() {
        let written = serde_json::to_value(draft(None, json!([]))).unwrap();
        assert_eq!(written["category"], "MARKETING");
        assert!(serde_json::from_value::<Category>(json!("service")).is_err());
    }
}
