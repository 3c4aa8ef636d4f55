//! Scans the contacts of a tenant in windows: a number of contacts in the order of their ids, whether or not a filter selects them. So a
//! statement takes about as long whatever the filter selects.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{args::FilterArg, condition::FilterCondition};
use crate::{
    contacts::segments::language::Filter,
    db::{Result, Sql, Tx},
    domain::{ContactId, Id, TenantId},
};

/// Contacts per window on PostgreSQL, and on SQLite.
const WINDOW: [i64; 2] = [20_000, 10_000];

/// A scan of a tenant's contacts by a filter, from the newest to the oldest.
pub struct Scan {
    tenant: TenantId,
    condition: FilterCondition,
    window: i64,
    /// The newest contact that was not scanned yet; `None` at the end.
    next: Option<Uuid>,
}

impl Scan {
    /// Begins a scan before a contact, or with the newest. Time spans of the filter count from `now`.
    pub async fn begin(
        tx: &mut Tx,
        tenant: TenantId,
        filter: &Filter,
        before: Option<ContactId>,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        // The sets of the tests on other tables stay in memory; a window takes a hundred milliseconds, and never five seconds.
        const POSTGRES: &str =
            "SELECT set_config('work_mem', '64MB', true), set_config('statement_timeout', '5000', true)";
        let postgres = tx.is_postgres();
        if postgres {
            tx.sql(POSTGRES, ()).run().await?;
        }
        Ok(Self {
            tenant,
            condition: FilterCondition::new(filter, postgres, now),
            window: WINDOW[usize::from(!postgres)],
            next: before.map_or(Some(Uuid::max()), |before| preceding(before.uuid())),
        })
    }

    /// Scans windows of at most this many contacts from here on.
    pub(crate) fn with_window(self, window: i64) -> Self {
        Self {
            window: window.min(self.window),
            ..self
        }
    }

    /// Returns the contact before which the scan goes on; `None` once all were scanned.
    pub fn rest(&self) -> Option<ContactId> {
        let next = self.next?.as_u128();
        Some(ContactId::from_uuid(Uuid::from_u128(next.saturating_add(1))))
    }

    /// Scans the next window and returns the contacts that the filter selects, newest first.
    pub async fn ids(&mut self, tx: &mut Tx) -> Result<Vec<ContactId>> {
        let Some(range) = self.range(tx).await? else {
            return Ok(Vec::new());
        };
        let found = tx
            .sql(
                Sql::built(window_statement("c.id", &self.condition.text)),
                self.args(range),
            )
            .all::<(ContactId,)>()
            .await?;
        let mut ids: Vec<ContactId> = found.into_iter().map(|(id,)| id).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        Ok(ids)
    }

    /// Scans the next window and returns how many contacts the filter selects.
    pub async fn count(&mut self, tx: &mut Tx) -> Result<i64> {
        let Some(range) = self.range(tx).await? else {
            return Ok(0);
        };
        let (count,) = tx
            .sql(
                Sql::built(window_statement("COUNT(*)", &self.condition.text)),
                self.args(range),
            )
            .one::<(i64,)>()
            .await?;
        Ok(count)
    }

    /// Returns the first and the last contact of the next window, and goes on behind it.
    async fn range(&mut self, tx: &mut Tx) -> Result<Option<[Uuid; 2]>> {
        const END: &str = "
            SELECT id FROM contacts WHERE tenant_id = $1 AND id <= $2 ORDER BY id DESC LIMIT 1 OFFSET $3";
        let Some(last) = self.next else { return Ok(None) };
        let end: Option<(Uuid,)> = tx.sql(END, (self.tenant, last, self.window - 1)).opt().await?;
        let first = end.map_or(Uuid::nil(), |(id,)| id);
        self.next = end.and_then(|(id,)| preceding(id));
        Ok(Some([first, last]))
    }

    fn args(&self, [first, last]: [Uuid; 2]) -> Vec<FilterArg> {
        let range = [self.tenant.uuid(), first, last].map(FilterArg::Id);
        range.into_iter().chain(self.condition.args.iter().cloned()).collect()
    }
}

/// Returns those of a range of contacts, first and last included, that a filter selects. The range is no longer than a window.
pub(crate) async fn selected_among(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter,
    [first, last]: [ContactId; 2],
    now: DateTime<Utc>,
) -> Result<HashSet<ContactId>> {
    let condition = FilterCondition::new(filter, tx.is_postgres(), now);
    let range = [tenant.uuid(), first.uuid(), last.uuid()].map(FilterArg::Id);
    let args: Vec<FilterArg> = range.into_iter().chain(condition.args).collect();
    let sql = Sql::built(window_statement("c.id", &condition.text));
    let found: Vec<(ContactId,)> = tx.sql(sql, args).all().await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Returns the text of the statement over one window. A LIMIT beside the filter would have the planner look for another way.
pub fn window_statement(what: &str, condition: &str) -> String {
    format!(
        "SELECT {what} FROM contacts c
         WHERE c.tenant_id = $1 AND c.id >= $2 AND c.id <= $3 AND c.kind = 'person' AND c.archived_at IS NULL
            AND {condition}"
    )
}

/// Returns the greatest id before one; `None` before the least.
fn preceding(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_sub(1).map(Uuid::from_u128)
}
