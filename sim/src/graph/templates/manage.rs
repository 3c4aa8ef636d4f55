//! `DELETE /{waba}/message_templates` and `POST /{template_id}/unpause`.

use serde_json::Value;

use super::TemplateStatus;
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::simulator::lock;

impl Graph {
    /// By `name` in all languages, or with `hsm_id` in one.
    pub(crate) fn delete_template(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let name = call
            .query("name")
            .ok_or_else(|| Refusal::new(100, "The parameter name is required."))?;
        let id = call.query("hsm_id");
        let gone = lock(&self.templates).remove(self.time.now(), |template| {
            template.waba_id == account.id && template.name == name && id.is_none_or(|id| template.id == id)
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
