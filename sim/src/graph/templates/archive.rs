//! `POST /{waba}/message_templates/archive` and `/unarchive`: up to a hundred templates at a time, each by itself.

use serde_json::{Map, Value, json};

use super::{TemplatePatch, TemplateStatus};
use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::simulator::lock;

/// How many ids one call may name.
pub(super) const MOST_IDS: usize = 100;

impl Graph {
    pub(crate) fn archive_templates(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let can_be = |status| !matches!(status, TemplateStatus::Archived | TemplateStatus::Pending);
        self.move_templates(call, body, can_be, TemplateStatus::Archived, "archived_templates")
    }

    pub(crate) fn unarchive_templates(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let can_be = |status| status == TemplateStatus::Archived;
        self.move_templates(call, body, can_be, TemplateStatus::Approved, "unarchived_templates")
    }

    /// Gives a status to the templates that can have it; what is answered names the others with the reason.
    fn move_templates(
        &self,
        call: &Call,
        body: &Value,
        can_be: impl Fn(TemplateStatus) -> bool,
        status: TemplateStatus,
        done: &str,
    ) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let (mut moved, mut failed) = (Vec::new(), Map::new());
        for id in ids(&body["hsm_ids"])? {
            let template = lock(&self.templates).get(&id);
            match template.filter(|template| template.waba_id == account.id) {
                None => _ = failed.insert(id, json!("There is no template of that id.")),
                Some(template) if !can_be(template.status) => {
                    let words = format!("A template that is {} cannot be moved.", template.status.name());
                    failed.insert(id, json!(words));
                }
                Some(_) => {
                    let patch = TemplatePatch {
                        status: Some(status),
                        ..TemplatePatch::default()
                    };
                    self.change_template(&id, patch);
                    moved.push(id);
                }
            }
        }
        Ok(json!({done: moved, "failed_templates": failed}))
    }
}

/// The ids in `hsm_ids`: an array, or a text with commas or of an array.
pub(super) fn ids(given: &Value) -> Result<Vec<String>, Refusal> {
    let required = || Refusal::new(100, "The parameter hsm_ids is required.");
    let ids: Vec<String> = match given {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(array @ Value::Array(_)) => return ids(&array),
            _ => text.split(',').map(|id| id.trim().to_owned()).collect(),
        },
        Value::Array(list) => list
            .iter()
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))
            .collect(),
        _ => return Err(required()),
    };
    match ids.len() {
        0 => Err(required()),
        1..=MOST_IDS => Ok(ids),
        has => Err(Refusal::new(
            100,
            format!("hsm_ids can name {MOST_IDS} templates, it names {has}."),
        )),
    }
}
