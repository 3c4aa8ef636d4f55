//! Where templates are kept.

use std::sync::Arc;

use super::{Template, TemplateStatus};
use crate::graph::refusal::Refusal;
use crate::graph::time::{DAY, Moment};
use crate::graph::validation::Field;

/// How long the name of a deleted template that was approved cannot be used again.
const MOURNING: Moment = 30 * DAY;

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// In the order in which they were made; a few hundred at most, so they are looked through.
    templates: Vec<Arc<Template>>,
    /// Account, name, and until when the name is taken.
    buried: Vec<(String, String, Moment)>,
}

impl Shelf {
    pub fn put(&mut self, template: Template) {
        self.templates.push(Arc::new(template));
    }

    /// Those of an account.
    pub fn of<'a>(&'a self, waba_id: &'a str) -> impl Iterator<Item = &'a Arc<Template>> {
        self.templates
            .iter()
            .filter(move |template| template.waba_id == waba_id)
    }

    pub fn get(&self, id: &str) -> Option<Arc<Template>> {
        self.templates.iter().find(|template| template.id == id).cloned()
    }

    /// Changes one; what it is like afterwards.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Template)) -> Option<Arc<Template>> {
        let template = self.templates.iter_mut().find(|template| template.id == id)?;
        change(Arc::make_mut(template));
        Some(template.clone())
    }

    /// Takes away those that `goes` names, and remembers their names.
    pub fn remove(&mut self, now: Moment, goes: impl Fn(&Template) -> bool) -> Vec<Arc<Template>> {
        let (gone, kept) = std::mem::take(&mut self.templates)
            .into_iter()
            .partition(|template| goes(template));
        self.templates = kept;
        let gone: Vec<Arc<Template>> = gone;
        for template in gone
            .iter()
            .filter(|template| template.status == TemplateStatus::Approved)
        {
            self.buried
                .push((template.waba_id.clone(), template.name.clone(), now + MOURNING));
        }
        gone
    }

    pub fn is_buried(&self, waba_id: &str, name: &str, now: Moment) -> bool {
        let mut buried = self.buried.iter();
        buried.any(|(waba, known, until)| waba == waba_id && known == name && now < *until)
    }

    /// The template a send means, if it may be sent.
    pub fn for_sending(&self, waba_id: &str, template: Field<'_>) -> Result<Arc<Template>, Refusal> {
        let (name, language) = (template.at("name"), template.at("language"));
        let (name, language) = (name.text(512)?, language.at("code").text(64)?);
        let found = self
            .of(waba_id)
            .find(|template| template.name == name && template.language == language);
        let absent = || Refusal::new(132001, format!("template name ({name}) does not exist in {language}"));
        let found = found.ok_or_else(absent)?;
        match found.status {
            TemplateStatus::Approved => Ok(found.clone()),
            TemplateStatus::Paused => Err(Refusal::of(132015)),
            TemplateStatus::Disabled => Err(Refusal::of(132016)),
            TemplateStatus::Pending | TemplateStatus::Rejected | TemplateStatus::Archived => Err(absent()),
        }
    }
}
