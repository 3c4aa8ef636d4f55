//! `POST /{waba}/message_templates` and `POST /{template_id}`.

use serde_json::{Value, json};

use super::shape::{Shape, Slots};
use super::{Category, Template, TemplateStatus, rules};
use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::time::{DAY, Moment};
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

/// How many templates an account may have, and the subcode of one more.
pub(super) const MOST_TEMPLATES: usize = 250;
const TOO_MANY: i64 = 2_388_019;
/// Edits of an approved template: one a day, ten a month.
const MOST_EDITS: usize = 10;

impl Graph {
    pub(crate) fn create_template(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let root = Field::root(body);
        let template = self
            .draft_template(&account.id, root)
            .map_err(|refusal| refusal.with_code(100))?;
        let mut shelf = lock(&self.templates);
        if shelf.of(&account.id).count() >= MOST_TEMPLATES {
            return Err(Refusal::new(100, "The account has as many templates as it may have.").with_subcode(TOO_MANY));
        }
        if shelf.is_buried(&account.id, &template.name, self.time.now()) {
            return Err(Refusal::new(
                100,
                "A template of that name was deleted less than 30 days ago.",
            ));
        }
        let twin = |known: &Template| known.name == template.name && known.language == template.language;
        if shelf.of(&account.id).any(|known| twin(known)) {
            return Err(Refusal::new(
                100,
                "There is a template of that name in that language already.",
            ));
        }
        let (id, category) = (template.id.clone(), template.category);
        shelf.put(template);
        drop(shelf);
        let status = self.submit(&id);
        Ok(json!({"id": id, "status": status, "category": category}))
    }

    fn draft_template(&self, waba_id: &str, root: Field<'_>) -> Result<Template, Refusal> {
        let name = root.at("name");
        let text = name.text(512)?;
        if !text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        {
            return Err(name.wrong("can have lower-case letters, digits and underscores"));
        }
        let language = root.at("language").text(20)?;
        let category = category(root.at("category"))?;
        let format = root.at("parameter_format");
        if format.is_given() {
            format.one_of(&["named", "positional"])?;
        }
        rules::components(root.at("components"))?;
        let components = root.at("components").value().clone();
        let shape = Shape::of(&components);
        if shape.has_names() && !is_named(format) {
            return Err(format.wrong("must be NAMED: without it the variables of a template are numbered"));
        }
        Ok(Template {
            id: self.names.number(),
            waba_id: waba_id.to_owned(),
            name: text.to_owned(),
            language: language.to_owned(),
            category,
            status: TemplateStatus::Pending,
            components,
            is_named: matches!(shape.body, Slots::Named(_)),
            quality: "UNKNOWN".to_owned(),
            rejected_reason: "NONE".to_owned(),
            ttl_seconds: ttl(root.at("message_send_ttl_seconds"), category)?,
            edits: Vec::new(),
            shape,
        })
    }

    /// Replaces the components, the category or the time to live; the template is then reviewed again.
    pub(crate) fn edit_template(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let template = lock(&self.templates)
            .get(call.object())
            .ok_or_else(|| Refusal::no_object(call.object()))?;
        self.allow(call, Scope::Management, Some(&template.waba_id))?;
        let root = Field::root(body);
        let approved = template.status == TemplateStatus::Approved;
        if matches!(template.status, TemplateStatus::Pending | TemplateStatus::Disabled) {
            return Err(Refusal::new(
                100,
                "Only approved, rejected and paused templates can be edited.",
            ));
        }
        let now = self.time.now();
        if approved && !may_edit(&template.edits, now) {
            let words = "An approved template can be edited once a day and ten times in 30 days.";
            return Err(Refusal::new(100, words));
        }
        let as_parameter = |refusal: Refusal| refusal.with_code(100);
        let category = match root.at("category").is_given() {
            true => category(root.at("category")).map_err(as_parameter)?,
            false => template.category,
        };
        if approved && category != template.category {
            return Err(Refusal::new(
                100,
                "The category of an approved template cannot be edited.",
            ));
        }
        let ttl = ttl(root.at("message_send_ttl_seconds"), category).map_err(as_parameter)?;
        let components = root.at("components");
        if components.is_given() {
            rules::components(components).map_err(as_parameter)?;
        }
        lock(&self.templates).change(&template.id, |template| {
            template.category = category;
            template.ttl_seconds = ttl.or(template.ttl_seconds);
            if components.is_given() {
                template.components = components.value().clone();
                template.shape = Shape::of(&template.components);
                template.is_named = matches!(template.shape.body, Slots::Named(_));
            }
            if approved {
                template.edits.push(now);
            }
            template.status = TemplateStatus::Pending;
        });
        self.submit(&template.id);
        Ok(json!({"success": true, "id": template.id, "name": template.name, "category": category}))
    }
}

fn is_named(format: Field<'_>) -> bool {
    format
        .value()
        .as_str()
        .is_some_and(|it| it.eq_ignore_ascii_case("named"))
}

fn may_edit(edits: &[Moment], now: Moment) -> bool {
    let within = |span: Moment| edits.iter().filter(|edited| now - **edited < span).count();
    within(DAY) == 0 && within(30 * DAY) < MOST_EDITS
}

fn category(field: Field<'_>) -> Result<Category, Refusal> {
    let names = Category::OF_TEMPLATES.map(|(name, _)| name);
    let name = field.one_of(&names)?;
    let known = Category::OF_TEMPLATES.iter().find(|(known, _)| *known == name);
    Ok(known.map_or(Category::Utility, |(_, category)| *category))
}

/// `message_send_ttl_seconds`: −1 for 30 days, or within the bounds of the category.
fn ttl(field: Field<'_>, category: Category) -> Result<Option<i64>, Refusal> {
    if !field.is_given() {
        return Ok(None);
    }
    let most = match category {
        Category::Authentication => 900.0,
        Category::Utility => 43_200.0,
        Category::Marketing | Category::Service => 2_592_000.0,
    };
    let seconds = field.number(-1.0, most)?;
    match seconds == -1.0 || seconds >= 30.0 {
        true => Ok(Some(seconds as i64)),
        false => Err(field.wrong("must be −1 or at least 30")),
    }
}
