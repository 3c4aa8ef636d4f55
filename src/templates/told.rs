//! What is told of templates, by whichever way it became known: a webhook, or a look at what Meta has.

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    domain::TenantId,
    events::template::{
        CATEGORY_CHANGED, COMPONENTS_CHANGED, CategoryChanged, ComponentsChanged, QUALITY_CHANGED, QualityChanged,
        STATUS_CHANGED, StatusChanged, Template as Named,
    },
    meta::webhook::{TemplateCategory, TemplateQuality, TemplateRef, TemplateStatus},
    records::events::NewEvent,
    templates::store::templates::Template,
};

/// Which template something is told of, and when it happened.
pub(super) struct About<'a> {
    pub tenant: TenantId,
    pub waba_id: &'a str,
    /// As it was; `None` for one that is not known here.
    pub before: Option<&'a Template>,
    /// As the webhook names it.
    pub named: &'a TemplateRef,
    pub at: DateTime<Utc>,
}

impl About<'_> {
    /// Whether it is news: it was written down and is otherwise than before, or nothing is known of the template.
    pub fn news(&self, written: bool, is_other: impl Fn(&Template) -> bool) -> bool {
        self.before.is_none_or(|before| written && is_other(before))
    }

    fn template(&self) -> Named<'_> {
        match self.before {
            Some(row) => known(row),
            None => Named {
                id: None,
                waba_id: self.waba_id,
                meta_id: self.named.id.as_deref(),
                name: self.named.name.as_deref(),
                language: self.named.language.as_deref(),
            },
        }
    }

    /// `status` is what the template is in now, or Meta's word where that is no status.
    pub fn status(&self, clock: &Clock, status: &str, told: &TemplateStatus) -> NewEvent {
        let category = told.category.as_deref();
        let data = StatusChanged {
            template: self.template(),
            status,
            previous_status: self.before.map(|it| it.status.as_str()),
            category: category.or_else(|| self.before?.category.as_deref()),
            reason: told.reason.as_deref(),
            detail: told.explanation.as_deref(),
        };
        NewEvent::new(clock, self.tenant, &STATUS_CHANGED, self.at, &data)
    }

    pub fn quality(&self, clock: &Clock, told: &TemplateQuality) -> NewEvent {
        let before = self.before.and_then(|it| it.quality.as_deref());
        let data = QualityChanged {
            template: self.template(),
            quality: &told.new,
            previous_quality: before.or(told.previous.as_deref()),
        };
        NewEvent::new(clock, self.tenant, &QUALITY_CHANGED, self.at, &data)
    }

    /// One that is announced says in `new` what the category still is.
    pub fn category(&self, clock: &Clock, told: &TemplateCategory) -> NewEvent {
        let before = self.before.and_then(|it| it.category.as_deref());
        let is_announced = told.correct.is_some();
        let data = CategoryChanged {
            template: self.template(),
            category: told.new.as_deref().or(before),
            previous_category: before.or(told.previous.as_deref()).filter(|_| !is_announced),
            announced_category: told.correct.as_deref(),
            announced_category_at: told.takes_effect_at.filter(|_| is_announced),
        };
        NewEvent::new(clock, self.tenant, &CATEGORY_CHANGED, self.at, &data)
    }
}

/// What a sync has found to be otherwise than before.
pub(super) fn found(clock: &Clock, was: Option<&Template>, now: &Template) -> Vec<NewEvent> {
    let (tenant, at) = (now.tenant_id, clock.now());
    let mut told = Vec::new();
    if was.is_none_or(|was| was.status != now.status) {
        let data = StatusChanged {
            template: known(now),
            status: &now.status,
            previous_status: was.map(|it| it.status.as_str()),
            category: now.category.as_deref(),
            reason: now.rejected_reason.as_deref(),
            detail: now.status_detail.as_deref(),
        };
        told.push(NewEvent::new(clock, tenant, &STATUS_CHANGED, at, &data));
    }
    let Some(was) = was else { return told };
    if let Some(quality) = now.quality.as_deref().filter(|_| was.quality != now.quality) {
        let data = QualityChanged {
            template: known(now),
            quality,
            previous_quality: was.quality.as_deref(),
        };
        told.push(NewEvent::new(clock, tenant, &QUALITY_CHANGED, at, &data));
    }
    if was.category != now.category {
        let data = CategoryChanged {
            template: known(now),
            category: now.category.as_deref(),
            previous_category: was.category.as_deref(),
            announced_category: now.announced_category.as_deref(),
            announced_category_at: now.announced_category_at,
        };
        told.push(NewEvent::new(clock, tenant, &CATEGORY_CHANGED, at, &data));
    }
    if was.components != now.components {
        let data = ComponentsChanged {
            template: known(now),
            components: serde_json::from_str(&now.components).ok(),
        };
        told.push(NewEvent::new(clock, tenant, &COMPONENTS_CHANGED, at, &data));
    }
    told
}

fn known(row: &Template) -> Named<'_> {
    Named {
        id: Some(row.id),
        waba_id: &row.waba_id,
        meta_id: Some(&row.meta_id),
        name: Some(&row.name),
        language: Some(&row.language),
    }
}
