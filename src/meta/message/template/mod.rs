//! Templates: a name, a language, and what goes into the places that were left open.
//!
//! Whether the values fit the template only its definition can tell; here is checked what holds for every template. Meta
//! adds kinds of components and parameters all the time, so what we do not know is passed on.

mod component;
mod parameter;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use component::{Card, Component};
pub use parameter::Parameter;

use super::{
    MediaKind, MediaRef,
    read::{At, Read},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Template {
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

pub(super) fn read(at: &At<'_>) -> Read<Template> {
    let mut template = at.object()?;
    let name = name(&template.must("name")?)?;
    let language = language(&template.must("language")?)?;
    let components = match template.maybe("components") {
        Some(at) => component::list(&at)?,
        None => Vec::new(),
    };
    let read = Template {
        name,
        language,
        components,
    };
    template.end().map(|()| read)
}

fn name(at: &At<'_>) -> Read<String> {
    let name = at.text(NAME)?;
    if name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(name);
    }
    Err(at.problem("must be of lower-case letters a to z, digits and underscores"))
}

fn language(at: &At<'_>) -> Read<Language> {
    let mut language = at.object()?;
    let code_at = language.must("code")?;
    let code = code_at.text(super::read::ANY)?;
    if !code
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return Err(code_at.problem("must be a language as Meta writes it, such as en_US"));
    }
    let policy = language
        .maybe("policy")
        .map(|at| at.one_of(&["deterministic"]))
        .transpose()?;
    language.end().map(|()| Language { code, policy })
}

impl Template {
    pub(super) fn lasts(&self, now: DateTime<Utc>) -> Read<()> {
        component::last(&self.components, "template.components", now)
    }

    pub(super) fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        self.components.iter_mut().flat_map(Component::media).collect()
    }
}
