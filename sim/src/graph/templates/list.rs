//! `GET /{waba}/message_templates` and `GET /{template_id}`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Template;
use super::create::MOST_TEMPLATES;
use crate::graph::Graph;
use crate::graph::paging::Page;
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::tokens::Scope;
use crate::simulator::lock;

/// What is shown when nothing is asked for by name.
const USUAL: [&str; 6] = [
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
];

impl Graph {
    /// Filtered by `name` (a part of it), and by `status`, `category` and `language` (one or several), page by page. With
    /// `summary`, also in `fields`, come the counts.
    pub(crate) fn list_templates(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let page = Page::asked(call)?;
        let is = |name: &str, value: &str| call.query(name).is_none_or(|asked| names(asked, value));
        let wanted = |template: &&Arc<Template>| {
            call.query("name").is_none_or(|part| template.name.contains(part))
                && is("status", template.status.name())
                && is("language", &template.language)
                && is("category", template.category.in_pricing())
        };
        let found: Vec<Arc<Template>> = lock(&self.templates).of(&account.id).filter(wanted).cloned().collect();
        let fields = call.fields().unwrap_or(USUAL.to_vec());
        let (shown, paging) = page.cut(&found, call)?;
        let data: Vec<Value> = shown
            .iter()
            .map(|template| select(template.json(), Some(&fields)))
            .collect();
        let mut list = json!({"data": data, "paging": paging});
        if call.query("summary").is_some() || fields.contains(&"summary") {
            let of_account = lock(&self.templates).of(&account.id).count();
            list["summary"] = summary(call.query("summary"), found.len(), of_account);
        }
        Ok(list)
    }

    pub(crate) fn has_template(&self, id: &str) -> bool {
        lock(&self.templates).get(id).is_some()
    }

    pub(crate) fn show_template(&self, call: &Call) -> Result<Value, Refusal> {
        let template = lock(&self.templates)
            .get(call.object())
            .ok_or_else(|| Refusal::no_object(call.object()))?;
        self.allow(call, Scope::Management, Some(&template.waba_id))?;
        let fields = call.fields().unwrap_or(USUAL.to_vec());
        Ok(select(template.json(), Some(&fields)))
    }
}

/// Whether a filter names the value: one word, several with commas, or an array of them.
fn names(asked: &str, value: &str) -> bool {
    let is_around = |it: char| it.is_whitespace() || matches!(it, '[' | ']' | '"' | '\'');
    asked
        .split(',')
        .any(|asked| asked.trim_matches(is_around).eq_ignore_ascii_case(value))
}

/// The counts that are asked for by name; all of them for `true` and the like.
fn summary(asked: Option<&str>, found: usize, of_account: usize) -> Value {
    let whole = json!({
        "total_count": found,
        "message_template_count": of_account,
        "message_template_limit": MOST_TEMPLATES,
        "are_translations_complete": true,
    });
    let named: Vec<&str> = asked
        .into_iter()
        .flat_map(|asked| asked.split(','))
        .map(str::trim)
        .collect();
    match named.iter().any(|name| whole.get(name).is_some()) {
        true => select(whole, Some(&named)),
        false => whole,
    }
}
