//! `DELETE /{waba}/message_templates` and `POST /{template_id}/unpause`.

use serde_json::{Value, json};

use super::{Template, TemplateStatus};
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::simulator::lock;

impl Graph {
    /// By `name` in all languages, with `hsm_id` in one, or several by `hsm_ids`.
    pub(crate) fn delete_template(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let several = call.query("hsm_ids").map(|ids| super::archive::ids(&json!(ids)));
        let several = several.transpose()?;
        let (name, id) = (call.query("name"), call.query("hsm_id"));
        if several.is_none() && name.is_none() {
            return Err(Refusal::new(100, "The parameter name is required."));
        }
        let goes = |template: &Template| match &several {
            Some(ids) => ids.contains(&template.id),
            None => name == Some(&template.name) && id.is_none_or(|id| template.id == id),
        };
        let gone = lock(&self.templates).remove(self.time.now(), |template| {
            template.waba_id == account.id && goes(template)
        });
        if gone.is_empty() {
            return Err(Refusal::new(100, "There is no template of that name."));
        }
        for template in gone {
            self.announce_template(&template, "DELETED");
        }
        Ok(success())
    }

    /// Templates paused by pacing wait for this.
    pub(crate) fn unpause_template(&self, call: &Call) -> Result<Value, Refusal> {
        let template = lock(&self.templates)
            .get(call.object())
            .ok_or_else(|| Refusal::no_object(call.object()))?;
        self.allow(call, Scope::Management, Some(&template.waba_id))?;
        if template.status != TemplateStatus::Paused {
            return Err(Refusal::new(100, "The template is not paused."));
        }
        if let Some(template) =
            lock(&self.templates).change(&template.id, |template| template.status = TemplateStatus::Approved)
        {
            self.announce_template(&template, "UNPAUSED");
        }
        Ok(success())
    }
}
