//! `GET /{waba}/message_templates` and `GET /{template_id}`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Template;
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
    /// Filtered by `name` (a part of it), `status`, `category` and `language`, page by page.
    pub(crate) fn list_templates(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let page = Page::asked(call)?;
        let is = |name: &str, value: &str| call.query(name).is_none_or(|asked| asked.eq_ignore_ascii_case(value));
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
        Ok(json!({"data": data, "paging": paging}))
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
