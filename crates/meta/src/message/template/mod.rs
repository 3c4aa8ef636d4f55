//! Template messages: name, language, and values for the placeholders.
//!
//! This checks what holds for every template; whether the values fit is checked against its definition in `templates::schema`. Unknown
//! kinds of components and parameters are passed on, since Meta keeps adding them.

mod component;
mod parameter;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use component::{Component, TemplateCard};
pub use parameter::Parameter;

use super::{
    MediaKind, MediaRef,
    read::{Field, FieldResult},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemplateMessage {
    /// At most 512 of `a-z`, `0-9` and `_`.
    pub name: String,
    pub language: Language,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Language {
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'static str>,
}

const NAME: usize = 512;

pub(super) fn read(at: &Field<'_>) -> FieldResult<TemplateMessage> {
    let mut template = at.object()?;
    let name = name(&template.required("name")?)?;
    let language = language(&template.required("language")?)?;
    let components = match template.optional("components") {
        Some(at) => component::list(&at)?,
        None => Vec::new(),
    };
    let read = TemplateMessage {
        name,
        language,
        components,
    };
    template.deny_unknown().map(|()| read)
}

fn name(at: &Field<'_>) -> FieldResult<String> {
    let name = at.text(NAME)?;
    if name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(name);
    }
    Err(at.problem("must be of lower-case letters a to z, digits and underscores"))
}

fn language(at: &Field<'_>) -> FieldResult<Language> {
    let mut language = at.object()?;
    let code_at = language.required("code")?;
    let code = code_at.text(super::read::UNLIMITED)?;
    if !code
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return Err(code_at.problem("must be a language as Meta writes it, such as en_US"));
    }
    let policy = language
        .optional("policy")
        .map(|at| at.one_of(&["deterministic"]))
        .transpose()?;
    language.deny_unknown().map(|()| Language { code, policy })
}

impl TemplateMessage {
    pub(super) fn check_expiry(&self, now: DateTime<Utc>) -> FieldResult<()> {
        component::check_expiry(&self.components, "template.components", now)
    }

    pub(super) fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        self.components.iter_mut().flat_map(Component::media).collect()
    }
}
