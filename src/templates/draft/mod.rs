//! Template drafts, validated against Meta's documented limits ("Template components", 2025) before they are submitted. Meta's undocumented
//! rules, such as the ratio of variables to text, are left to Meta.

mod components;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::schema::{ParameterFormat, Slots};
use crate::meta::message::Invalid;
use components::{at_most, check_components};

const NAME: usize = 512;

/// Category of a template. Parsed in either case, because Meta's own examples have both.
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

    /// Returns the maximum time to live in seconds; −1 stands for 30 days.
    fn max_ttl_seconds(self) -> i64 {
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

/// A template to be submitted to Meta.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Draft)]
pub struct TemplateDraft {
    /// At most 512 of `a-z`, `0-9` and `_`.
    #[schema(example = "order_shipped")]
    pub name: String,
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    #[schema(example = "en_US")]
    pub language: String,
    #[schema(inline)]
    pub category: Category,
    /// `positional` or `named`; inferred from the variables if omitted.
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
    pub(crate) allow_category_change: Option<bool>,
    /// `ORDER_STATUS` for a template with an order's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub_category: Option<String>,
    /// `ORDER_DETAILS` for a marketing template with a payment button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_format: Option<String>,
}

/// Changes to a template; omitted fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateChange {
    /// All components, in Meta's form: they replace the existing ones.
    #[schema(value_type = Option<Vec<Object>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Value>,
    /// Cannot be changed while the template is approved.
    #[schema(inline)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
}

type CheckResult = Result<(), Invalid>;

impl TemplateDraft {
    /// Returns the draft with `parameter_format` set to `NAMED` if it is omitted and a variable has a name. Meta's default is positional,
    /// and it rejects names then.
    pub(crate) fn with_parameter_format(&self) -> Self {
        let format = self.parameter_format.clone();
        Self {
            parameter_format: format.or_else(|| has_names(&self.components).then(|| "NAMED".to_owned())),
            ..self.clone()
        }
    }

    pub fn check(&self) -> CheckResult {
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
    /// Validates the change; `category` and `format` are the template's current ones.
    pub fn check(&self, category: Option<Category>, format: Option<&str>) -> CheckResult {
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

/// Returns whether a text in the components, or in those of a card, has a named variable.
fn has_names(components: &Value) -> bool {
    components.as_array().into_iter().flatten().any(|component| {
        let text = component["text"].as_str().unwrap_or_default();
        let mut cards = component["cards"].as_array().into_iter().flatten();
        Slots::of(text, None).naming == ParameterFormat::Named || cards.any(|card| has_names(&card["components"]))
    })
}

fn check_ttl(ttl: Option<i64>, category: Option<Category>) -> CheckResult {
    let max = category.map_or(Category::Marketing.max_ttl_seconds(), Category::max_ttl_seconds);
    match ttl {
        Some(ttl) if ttl != -1 && !(30..=max).contains(&ttl) => Err(Invalid {
            limit: Some(max.unsigned_abs()),
            ..Invalid::new(
                "message_send_ttl_seconds",
                format!("must be −1 (30 days) or from 30 to {max}"),
            )
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(format: Option<&str>, components: Value) -> TemplateDraft {
        let draft = json!({ "name": "t", "language": "en_US", "category": "Marketing", "parameter_format": format, "components": components });
        serde_json::from_value(draft).unwrap()
    }

    #[test]
    fn names_are_announced_where_the_draft_does_not_say() {
        let body = |text: &str| json!({ "type": "body", "text": text });
        let format = |format, components| draft(format, components).with_parameter_format().parameter_format;
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
        let said = draft(Some("positional"), json!([body("Hi {{name}}, ok")])).with_parameter_format();
        assert_eq!(said.check().unwrap_err().field, "components[0].text");
    }

    #[test]
    fn a_category_is_read_in_either_case_and_written_in_capitals() {
        let written = serde_json::to_value(draft(None, json!([]))).unwrap();
        assert_eq!(written["category"], "MARKETING");
        assert!(serde_json::from_value::<Category>(json!("service")).is_err());
    }
}
