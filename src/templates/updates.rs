//! Applies template updates from webhooks. Each update takes effect at once and also requests a sync, since webhooks may be late, repeated,
//! reordered or incomplete.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{events::EventContext, status};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::TenantId,
    meta::webhook::{AccountDetail, TemplateCategory, TemplateRef, TemplateStatus},
    records::{events::NewEvent, lock_order::Stage},
    templates::store::templates::{self as store, StoredTemplate, TemplateKey, TemplateStatusUpdate},
};

/// Delay of the requested sync, so that updates of many templates share one.
const SYNC_DELAY: TimeDelta = TimeDelta::seconds(5);

/// An update of a template, from a webhook.
#[derive(Clone, Debug)]
pub(crate) struct TemplateUpdate {
    tenant: TenantId,
    waba_id: String,
    /// The webhook's time, in whole seconds.
    event_at: DateTime<Utc>,
    /// The end of that second: the update may have happened at any time within it.
    at: DateTime<Utc>,
    detail: AccountDetail,
}

impl TemplateUpdate {
    /// Extracts an update; `None` if the webhook is not about a template.
    pub(crate) fn from_webhook(
        tenant: TenantId,
        waba_id: &str,
        at: DateTime<Utc>,
        detail: &AccountDetail,
    ) -> Option<Self> {
        template(detail)?;
        // Meta's times are whole seconds.
        let until = match at.timestamp_subsec_micros() {
            0 => at + TimeDelta::microseconds(999_999),
            _ => at,
        };
        Some(Self {
            tenant,
            waba_id: waba_id.to_owned(),
            event_at: at,
            at: until,
            detail: detail.clone(),
        })
    }

    fn key(&self) -> Option<TemplateKey> {
        let template = template(&self.detail)?;
        Some(TemplateKey {
            tenant: self.tenant,
            waba_id: self.waba_id.clone(),
            meta_id: template.id.clone().unwrap_or_default(),
            name: template.name.clone().unwrap_or_default(),
            language: template
                .language
                .as_deref()
                .unwrap_or_default()
                .to_lowercase()
                .replace('-', "_"),
        })
    }
}

fn template(detail: &AccountDetail) -> Option<&TemplateRef> {
    match detail {
        AccountDetail::TemplateStatus(it) => Some(&it.template),
        AccountDetail::TemplateQuality(it) => Some(&it.template),
        AccountDetail::TemplateCategory(it) => Some(&it.template),
        AccountDetail::TemplateComponents(it) => Some(&it.template),
        _ => None,
    }
}

/// Applies updates, sorted by template so that two transactions cannot deadlock. Returns the events: of changes, and of updates to
/// templates that are unknown here.
pub(crate) async fn apply_updates(tx: &mut Tx, clock: &Clock, updates: &[TemplateUpdate]) -> Result<Vec<NewEvent>> {
    if updates.is_empty() {
        return Ok(Vec::new());
    }
    Stage::Configuration.reach(tx);
    let mut sorted: Vec<(TemplateKey, &TemplateUpdate)> =
        updates.iter().filter_map(|it| Some((it.key()?, it))).collect();
    sorted.sort_by(|(key, it), (other_key, other)| (key, it.at).cmp(&(other_key, other.at)));
    let (mut accounts, mut events) = (BTreeSet::new(), Vec::new());
    for (key, it) in sorted {
        accounts.insert((key.tenant, key.waba_id.clone()));
        let Some(named) = template(&it.detail) else { continue };
        let before = store::find_for_update(&mut *tx, key.clone()).await?;
        let about = EventContext {
            tenant: it.tenant,
            waba_id: &it.waba_id,
            before: before.as_ref(),
            named,
            at: it.event_at,
        };
        events.extend(match &it.detail {
            AccountDetail::TemplateStatus(status) => set_status(tx, clock, (key, it.at), &about, status).await?,
            AccountDetail::TemplateQuality(quality) => {
                let written = store::set_quality(tx.on(), key, quality.new.clone(), it.at).await? > 0;
                let differs = |it: &StoredTemplate| it.quality.as_ref() != Some(&quality.new);
                about
                    .has_changed(written, differs)
                    .then(|| about.quality(clock, quality))
            }
            AccountDetail::TemplateCategory(category) => {
                set_category(tx, clock, (key, it.at), &about, category).await?
            }
            // Contains the texts but not the components; the sync fetches them and emits the event.
            _ => None,
        });
    }
    let now = clock.now();
    for (tenant, waba) in accounts {
        store::request_sync(tx.on(), clock.new_id(), tenant, &waba, now, now + SYNC_DELAY).await?;
    }
    Ok(events)
}

async fn set_status(
    tx: &mut Tx,
    clock: &Clock,
    (key, at): (TemplateKey, DateTime<Utc>),
    about: &EventContext<'_>,
    update: &TemplateStatus,
) -> Result<Option<NewEvent>> {
    let Some(status) = status::status_after_event(&update.status) else {
        return Ok(Some(about.status(clock, &update.status, update)));
    };
    let new = TemplateStatusUpdate {
        status: status.to_owned(),
        category: update.category.clone(),
        detail: update.explanation.clone().filter(|_| !status::is_sendable(status)),
        rejected_reason: update.reason.clone().filter(|_| status == "REJECTED"),
    };
    let written = store::set_status(tx.on(), key, new, at).await? > 0;
    let changed = about.has_changed(written, |it| it.status != status);
    Ok(changed.then(|| about.status(clock, status, update)))
}

/// Applies a category change: an announcement has the current and the future category, a completed change the previous and the current one.
async fn set_category(
    tx: &mut Tx,
    clock: &Clock,
    (key, at): (TemplateKey, DateTime<Utc>),
    about: &EventContext<'_>,
    update: &TemplateCategory,
) -> Result<Option<NewEvent>> {
    let changed = match (&update.correct, &update.new) {
        (Some(correct), _) => {
            let effective = update.takes_effect_at;
            let written = store::announce_category(tx.on(), key, correct.clone(), effective, at).await? > 0;
            about.has_changed(written, |it| it.announced_category.as_ref() != Some(correct))
        }
        (None, Some(new)) => {
            let written = store::set_category(tx.on(), key, new.clone(), at).await? > 0;
            about.has_changed(written, |it| it.category.as_ref() != Some(new))
        }
        (None, None) => false,
    };
    Ok(changed.then(|| about.category(clock, update)))
}
