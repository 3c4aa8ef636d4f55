//! Verifications as they are shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    accept::VerificationSpec,
    service::VerificationService,
    store::{self, CheckedItem, VerificationItem},
};
use crate::{
    db::{On, Result},
    domain::{Ctx, Id, NumberVerdict, TaskKind, TenantId, VerificationId, WorkState},
    records::tasks::{self, Task},
};

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerificationState {
    /// It has not begun, or others have their turn.
    Waiting,
    Running,
    Completed,
    Failed,
    Canceled,
}

/// The numbers that are checked, by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct VerificationCounts {
    pub invalid: i64,
    pub valid: i64,
    pub reachable: i64,
    pub unreachable: i64,
    /// Those of them that were found out before.
    pub cached: i64,
}

impl VerificationCounts {
    pub fn parse(stored: Option<&str>) -> Self {
        stored
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    pub fn stored(&self) -> String {
        serde_json::to_string(self).expect("numbers always serialise")
    }

    /// Counts a number that was checked.
    pub(super) fn add(&mut self, item: &CheckedItem) {
        let count = match item.verdict {
            NumberVerdict::Invalid => &mut self.invalid,
            NumberVerdict::Valid => &mut self.valid,
            NumberVerdict::Reachable => &mut self.reachable,
            NumberVerdict::Unreachable => &mut self.unreachable,
        };
        *count += 1;
        self.cached += i64::from(item.is_known);
    }

    /// Returns how many numbers are checked.
    pub fn checked(&self) -> i64 {
        self.invalid + self.valid + self.reachable + self.unreachable
    }
}

/// A verification, as its task has it.
#[derive(Clone, Debug)]
pub(crate) struct VerificationReport {
    pub id: VerificationId,
    pub state: VerificationState,
    /// Why it failed, or why its last run did not get on.
    pub error: Option<String>,
    /// Distinct numbers.
    pub numbers: i64,
    /// Numbers that came again.
    pub duplicates: i64,
    pub default_country: Option<String>,
    pub fresh: bool,
    pub counts: VerificationCounts,
    /// Whether its numbers are still kept.
    pub has_items: bool,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub finished_at: Option<DateTime<Utc>>,
}

impl VerificationReport {
    fn of(task: Task) -> Self {
        let state = match task.state {
            WorkState::Pending | WorkState::Quarantined => VerificationState::Waiting,
            WorkState::Running => VerificationState::Running,
            WorkState::Done => VerificationState::Completed,
            WorkState::Dead => VerificationState::Failed,
            WorkState::Discarded => VerificationState::Canceled,
        };
        let spec: VerificationSpec = serde_json::from_str(&task.spec).unwrap_or_default();
        Self {
            id: VerificationId::from_uuid(task.id),
            state,
            error: task.last_error.filter(|_| state != VerificationState::Completed),
            numbers: spec.numbers,
            duplicates: spec.duplicates,
            default_country: spec.default_country,
            fresh: spec.fresh,
            counts: VerificationCounts::parse(task.counts.as_deref()),
            has_items: task.subject.is_some(),
            created_at: task.created_at,
            created_by: task.created_by,
            finished_at: task.finished_at,
        }
    }
}

/// Finds a verification.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: VerificationId) -> Result<Option<VerificationReport>> {
    let task = tasks::find(on, tenant, TaskKind::Verification, id).await?;
    Ok(task.map(VerificationReport::of))
}

/// Lists verifications, newest first.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    before: Option<VerificationId>,
    limit: i64,
) -> Result<Vec<VerificationReport>> {
    let tasks = tasks::list(on, tenant, TaskKind::Verification, before.map(Id::uuid), limit).await?;
    Ok(tasks.into_iter().map(VerificationReport::of).collect())
}

/// Lists the numbers of a verification in order, after one: all, or those with this verdict.
pub(crate) async fn items(
    on: On<'_>,
    tenant: TenantId,
    id: VerificationId,
    verdict: Option<NumberVerdict>,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<VerificationItem>> {
    let after = after.unwrap_or(-1);
    match verdict {
        Some(verdict) => store::list_of(on, tenant, id, verdict, after, limit).await,
        None => store::list(on, tenant, id, after, limit).await,
    }
}

/// Cancels a verification: one that waits at once, one that runs after its open step. What it has found out stays. Returns false if it has
/// ended, or there is none.
pub(crate) async fn cancel(service: &VerificationService, ctx: &Ctx, id: VerificationId) -> Result<bool> {
    let now = service.clock.now();
    tasks::cancel(service.db.writer(), ctx.tenant, TaskKind::Verification, id, now).await
}
