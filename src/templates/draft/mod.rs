//! A template to be made, checked against the limits Meta documents ("Template components", 2025) before Meta is asked. What Meta
//! decides by rules of its own, such as whether there are too many variables for so few words, is left to it.

mod components;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::meta::message::Invalid;
use components::{at_most, check_components};

const NAME: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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
    /// `positional` unless said otherwise.
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
}

/// What is to be changed of a template; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
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

impl Change {
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
