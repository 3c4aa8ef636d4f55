//! Builds the domain events about templates, from webhooks and from syncs.

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    domain::TenantId,
    events::template::{
        CATEGORY_CHANGED, COMPONENTS_CHANGED, CategoryChanged, ComponentsChanged, EventTemplate, QUALITY_CHANGED,
        STATUS_CHANGED, StatusChanged, TemplateQualityChanged,
    },
    meta::webhook::{TemplateCategory, TemplateQuality, TemplateRef, TemplateStatus},
    records::events::NewEvent,
    templates::store::templates::StoredTemplate,
};

/// Template and time of a webhook's update.
pub(super) struct EventContext<'a> {
    pub tenant: TenantId,
    pub waba_id: &'a str,
    /// The stored template before the update; `None` if unknown.
    pub before: Option<&'a StoredTemplate>,
    /// The template as the webhook names it.
    pub named: &'a TemplateRef,
    pub at: DateTime<Utc>,
}

impl EventContext<'_> {
    /// Returns whether the update is worth an event: it changed the stored template, or the template is unknown.
    pub(crate) fn has_changed(&self, written: bool, differs: impl Fn(&StoredTemplate) -> bool) -> bool {
        self.before.is_none_or(|before| written && differs(before))
    }

    fn template(&self) -> EventTemplate<'_> {
        match self.before {
            Some(row) => event_template(row),
            None => EventTemplate {
                id: None,
                waba_id: self.waba_id,
                meta_id: self.named.id.as_deref(),
                name: self.named.name.as_deref(),
                language: self.named.language.as_deref(),
            },
        }
    }

    /// Builds the event of a status change. `status` is the template's new status, or Meta's event name where that is no status.
    pub fn status(&self, clock: &Clock, status: &str, update: &TemplateStatus) -> NewEvent {
        let category = update.category.as_deref();
        let data = StatusChanged {
            template: self.template(),
            status,
            previous_status: self.before.map(|it| it.status.as_str()),
            category: category.or_else(|| self.before?.category.as_deref()),
            reason: update.reason.as_deref(),
            detail: update.explanation.as_deref(),
        };
        NewEvent::new(clock, self.tenant, &STATUS_CHANGED, self.at, &data)
    }

    pub fn quality(&self, clock: &Clock, update: &TemplateQuality) -> NewEvent {
        let before = self.before.and_then(|it| it.quality.as_deref());
        let data = TemplateQualityChanged {
            template: self.template(),
            quality: &update.new,
            previous_quality: before.or(update.previous.as_deref()),
        };
        NewEvent::new(clock, self.tenant, &QUALITY_CHANGED, self.at, &data)
    }

    /// Builds the event of a category change. In an announcement, `new` is the current category.
    pub fn category(&self, clock: &Clock, update: &TemplateCategory) -> NewEvent {
        let before = self.before.and_then(|it| it.category.as_deref());
        let is_announced = update.correct.is_some();
        let data = CategoryChanged {
            template: self.template(),
            category: update.new.as_deref().or(before),
            previous_category: before.or(update.previous.as_deref()).filter(|_| !is_announced),
            announced_category: update.correct.as_deref(),
            announced_category_at: update.takes_effect_at.filter(|_| is_announced),
        };
        NewEvent::new(clock, self.tenant, &CATEGORY_CHANGED, self.at, &data)
    }
}

/// Builds the events of the differences that a sync found.
pub(super) fn sync_events(clock: &Clock, was: Option<&StoredTemplate>, now: &StoredTemplate) -> Vec<NewEvent> {
    let (tenant, at) = (now.tenant_id, clock.now());
    let mut events = Vec::new();
    if was.is_none_or(|was| was.status != now.status) {
        let data = StatusChanged {
            template: event_template(now),
            status: &now.status,
            previous_status: was.map(|it| it.status.as_str()),
            category: now.category.as_deref(),
            reason: now.rejected_reason.as_deref(),
            detail: now.status_detail.as_deref(),
        };
        events.push(NewEvent::new(clock, tenant, &STATUS_CHANGED, at, &data));
    }
    let Some(was) = was else { return events };
    if let Some(quality) = now.quality.as_deref().filter(|_| was.quality != now.quality) {
        let data = TemplateQualityChanged {
            template: event_template(now),
            quality,
            previous_quality: was.quality.as_deref(),
        };
        events.push(NewEvent::new(clock, tenant, &QUALITY_CHANGED, at, &data));
    }
    if was.category != now.category {
        let data = CategoryChanged {
            template: event_template(now),
            category: now.category.as_deref(),
            previous_category: was.category.as_deref(),
            announced_category: now.announced_category.as_deref(),
            announced_category_at: now.announced_category_at,
        };
        events.push(NewEvent::new(clock, tenant, &CATEGORY_CHANGED, at, &data));
    }
    if was.components != now.components {
        let data = ComponentsChanged {
            template: event_template(now),
            components: serde_json::from_str(&now.components).ok(),
        };
        events.push(NewEvent::new(clock, tenant, &COMPONENTS_CHANGED, at, &data));
    }
    events
}

fn event_template(row: &StoredTemplate) -> EventTemplate<'_> {
    EventTemplate {
        id: Some(row.id),
        waba_id: &row.waba_id,
        meta_id: Some(&row.meta_id),
        name: Some(&row.name),
        language: Some(&row.language),
    }
}
