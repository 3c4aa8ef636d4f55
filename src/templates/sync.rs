//! Syncs the stored templates of an account with Meta's.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{TemplateService, events as template_events};
use crate::{
    clock::Clock,
    db::Tx,
    domain::{TemplateId, TemplateSyncId},
    meta::graph,
    queue::{Lease, counts, recurring},
    records::events,
    templates::store::templates::{self as store, FetchedTemplate, SYNCS, StoredTemplate, TemplateSync},
};

/// Interval of syncs, whatever the webhooks report.
const SYNC_INTERVAL: TimeDelta = TimeDelta::days(1);

/// Result of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Synced {
    /// Number of templates at Meta.
    pub found: usize,
    pub added: usize,
    /// Changed in status, category or components.
    pub changed: usize,
    pub deleted: usize,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error("no channel of the account has an access token that can be decrypted: add the channel again to renew it")]
    NoToken,
    #[error(transparent)]
    Meta(#[from] graph::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl TemplateService {
    /// Runs the sync of a leased job, and schedules the next. A sync whose row is gone counts as done.
    pub(crate) async fn synchronize(&self, id: TemplateSyncId) -> Result<Synced, SyncError> {
        let Some(lease) = recurring::lease(self.db.reader(), &SYNCS, id).await? else {
            return Ok(Synced::default());
        };
        let Some(sync) = store::find_sync(self.db.reader(), id).await? else {
            return Ok(Synced::default());
        };
        let began = self.clock.now();
        let route = self
            .route_with_token(sync.tenant_id, &sync.waba_id)
            .ok_or(SyncError::NoToken)?;
        let shown = self.graph.templates(route.access().ok_or(SyncError::NoToken)?).await?;
        let fetched: Vec<FetchedTemplate> = shown.into_iter().map(|it| to_fetched(&self.clock, it)).collect();
        let apply = async |tx: &mut Tx| self.apply(tx, (&sync, lease), fetched, began).await;
        let synced = self.db.transaction(apply).await?;
        metrics::counter!("mainstay_template_syncs_total").increment(1);
        Ok(synced)
    }

    async fn apply(
        &self,
        tx: &mut Tx,
        (sync, lease): (&TemplateSync, Lease),
        fetched: Vec<FetchedTemplate>,
        began: DateTime<Utc>,
    ) -> sqlx::Result<Synced> {
        let (tenant, waba) = (sync.tenant_id, sync.waba_id.as_str());
        let before = by_name(store::list_account(tx.on(), tenant, waba).await?);
        store::upsert(tx.on(), tenant, waba, &fetched, began).await?;
        let gone = store::mark_missing_deleted(tx.on(), tenant, waba, began).await?;
        let after = by_name(store::list_account(tx.on(), tenant, waba).await?);
        let mut synced = Synced {
            found: fetched.len(),
            deleted: gone.len(),
            ..Synced::default()
        };
        let mut new_events = Vec::new();
        for (key, now) in &after {
            let was = before.get(key);
            match was {
                None => synced.added += 1,
                Some(was) if differs(was, now) && now.status != "DELETED" => synced.changed += 1,
                Some(_) => {}
            }
            // A first sync is no change: it emits no events.
            if sync.synced_at.is_some() {
                new_events.extend(template_events::sync_events(&self.clock, was, now));
            }
        }
        store::complete_sync(tx, lease, began, began + SYNC_INTERVAL).await?;
        let now = self.clock.now();
        counts::add(tx.on(), &SYNCS, now, 1, 0).await?;
        events::append(tx, &new_events, now).await?;
        Ok(synced)
    }
}

/// Converts a template from Meta into a row.
pub(super) fn to_fetched(clock: &Clock, shown: graph::GraphTemplate) -> FetchedTemplate {
    FetchedTemplate {
        id: clock.new_id::<TemplateId>(),
        meta_id: shown.id,
        name: shown.name,
        language: shown.language,
        status: shown.status.unwrap_or_else(|| "UNKNOWN".to_owned()),
        category: shown.category,
        previous_category: shown.previous_category,
        quality: shown.quality,
        parameter_format: shown.parameter_format,
        components: shown.components.to_string(),
        rejected_reason: shown.rejected_reason,
        ttl_seconds: shown.message_send_ttl_seconds,
    }
}

fn by_name(templates: Vec<StoredTemplate>) -> HashMap<(String, String), StoredTemplate> {
    let keyed = templates
        .into_iter()
        .map(|it| ((it.name.clone(), it.language.clone()), it));
    keyed.collect()
}

fn differs(was: &StoredTemplate, now: &StoredTemplate) -> bool {
    (&was.status, &was.category, &was.components) != (&now.status, &now.category, &now.components)
}
