//! Fetches the templates of an account and brings ours in line.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{TemplateService, told};
use crate::{
    clock::Clock,
    db::Tx,
    domain::{TemplateId, TemplateSyncId},
    meta::graph,
    queue::{Queue, counts},
    records::events,
    templates::store::templates::{self as store, Fetched, Sync, Template},
};

/// The standing orders.
pub const SYNCS: Queue = Queue::new("templates", "template_syncs");
/// Whatever the webhooks tell, everything is looked at once in this time.
const EVERY: TimeDelta = TimeDelta::days(1);

/// What a sync has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Templates that Meta has.
    pub found: usize,
    pub added: usize,
    /// In status, category or components.
    pub changed: usize,
    pub deleted: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("no channel of the account has an access token that opens: add the channel again to renew it")]
    NoToken,
    #[error(transparent)]
    Meta(#[from] graph::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl TemplateService {
    /// Does a standing order once and says when it is due again. One that is gone is done.
    pub async fn synchronize(&self, id: TemplateSyncId) -> Result<Synced, SyncError> {
        let Some(order) = store::find_sync(self.db.reader(), id).await? else {
            return Ok(Synced::default());
        };
        let began = self.clock.now();
        let route = self
            .speaker(order.tenant_id, &order.waba_id)
            .ok_or(SyncError::NoToken)?;
        let shown = self.graph.templates(route.access().ok_or(SyncError::NoToken)?).await?;
        let fetched: Vec<Fetched> = shown.into_iter().map(|it| fetched(&self.clock, it)).collect();
        let apply = async |tx: &mut Tx| self.apply(tx, &order, fetched, began).await;
        let synced = self.db.transaction(apply).await?;
        metrics::counter!("mainstay_template_syncs_total").increment(1);
        Ok(synced)
    }

    async fn apply(
        &self,
        tx: &mut Tx,
        order: &Sync,
        fetched: Vec<Fetched>,
        began: DateTime<Utc>,
    ) -> sqlx::Result<Synced> {
        let (tenant, waba) = (order.tenant_id, order.waba_id.as_str());
        let before = by_name(store::of_account(&mut *tx, tenant, waba).await?);
        store::keep(&mut *tx, tenant, waba, &fetched, began).await?;
        let gone = store::gone(&mut *tx, tenant, waba, began).await?;
        let after = by_name(store::of_account(&mut *tx, tenant, waba).await?);
        let mut synced = Synced {
            found: fetched.len(),
            deleted: gone.len(),
            ..Synced::default()
        };
        let mut news = Vec::new();
        for (key, now) in &after {
            let was = before.get(key);
            match was {
                None => synced.added += 1,
                Some(was) if differs(was, now) && now.status != "DELETED" => synced.changed += 1,
                Some(_) => {}
            }
            // The first sync brings no news.
            if order.synced_at.is_some() {
                news.extend(told::found(&self.clock, was, now));
            }
        }
        store::conclude(&mut *tx, order.id, began, began + EVERY).await?;
        let now = self.clock.now();
        counts::add(&mut *tx, &SYNCS, now, 1, 0).await?;
        events::append(tx, &news, now).await?;
        Ok(synced)
    }
}

/// A template as Meta shows it, as a row of ours.
pub(super) fn fetched(clock: &Clock, shown: graph::GraphTemplate) -> Fetched {
    Fetched {
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

fn by_name(templates: Vec<Template>) -> HashMap<(String, String), Template> {
    let keyed = templates
        .into_iter()
        .map(|it| ((it.name.clone(), it.language.clone()), it));
    keyed.collect()
}

fn differs(was: &Template, now: &Template) -> bool {
    (&was.status, &was.category, &was.components) != (&now.status, &now.category, &now.components)
}
