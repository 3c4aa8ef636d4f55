//! Takes a verification in.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_phone::Region;
use serde::{Deserialize, Serialize};

use super::{
    numbers::{self, ReadNumber},
    service::{VERIFICATIONS, VerificationService},
    store,
};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{Ctx, Id, TaskKind, VerificationId},
    records::tasks::{self, NewTask},
};

/// Most numbers of a verification.
pub(crate) const MAX_NUMBERS: usize = 10_000;
/// Verifications that a tenant may begin within an hour.
pub(crate) const MAX_JOBS: usize = 10;
const HOUR: TimeDelta = TimeDelta::hours(1);

/// What is to be verified.
#[derive(Clone, Debug)]
pub(crate) struct VerificationRequest {
    /// As people write them.
    pub numbers: Vec<String>,
    /// The country of numbers without a country code.
    pub default_country: Option<String>,
    /// Whether what was found out before does not count.
    pub fresh: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum VerificationError {
    #[error("`numbers` must hold 1 to {MAX_NUMBERS}; it holds {0}")]
    Count(usize),
    #[error("{0} is no country of two letters, such as IN or BR")]
    UnknownCountry(String),
    /// Seconds until another may begin.
    #[error("{MAX_JOBS} verifications were begun within an hour: begin this one in {0} seconds")]
    TooManyJobs(u64),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What a task is to do; its numbers are rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct VerificationSpec {
    /// Distinct numbers.
    pub numbers: i64,
    /// Numbers that came again.
    pub duplicates: i64,
    pub default_country: Option<String>,
    pub fresh: bool,
}

/// Stores a verification and queues it.
pub(crate) async fn accept(
    service: &VerificationService,
    ctx: &Ctx,
    request: VerificationRequest,
) -> Result<VerificationId, VerificationError> {
    let given = request.numbers.len();
    if !(1..=MAX_NUMBERS).contains(&given) {
        return Err(VerificationError::Count(given));
    }
    let region = region(request.default_country.as_deref())?;
    let texts = request.numbers;
    // Many patterns: a worker thread would be held up.
    let numbers = tokio::task::spawn_blocking(move || numbers::read(&texts, region)).await;
    let numbers = numbers.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    let spec = VerificationSpec {
        numbers: count(numbers.len()),
        duplicates: count(given - numbers.len()),
        default_country: region.map(|it| it.to_string()),
        fresh: request.fresh,
    };
    let (id, now): (VerificationId, _) = (service.clock.new_id(), service.clock.now());
    let task = NewTask {
        tenant: ctx.tenant,
        id,
        kind: TaskKind::Verification,
        subject: Some(id.uuid()),
        spec: serde_json::to_string(&spec).expect("texts and numbers always serialise"),
        counts: None,
        waits: false,
        by: ctx.actor,
    };
    let write = || {
        let write = async |tx: &mut Tx| insert(tx, &task, &numbers, now).await;
        service.db.transaction_as(ctx.tenant, write)
    };
    if let Some(wait) = retry_conflicts(write).await? {
        return Err(VerificationError::TooManyJobs(wait));
    }
    // The rows are committed; if the push fails, the sweep finds the task.
    drop(service.queues.push(&VERIFICATIONS, [id.uuid()], now).await);
    Ok(id)
}

/// Inserts a task with its numbers, unless the tenant has begun too many: then it returns the seconds until it may begin another.
async fn insert(
    tx: &mut Tx,
    task: &NewTask<VerificationId>,
    numbers: &[ReadNumber],
    now: DateTime<Utc>,
) -> db::Result<Option<u64>> {
    let (tenant, kind) = (task.tenant, task.kind);
    tasks::lock_making(tx, tenant, kind).await?;
    let made = tasks::made_since(tx.on(), tenant, kind, now - HOUR, count(MAX_JOBS)).await?;
    if let Some(oldest) = made.get(MAX_JOBS - 1) {
        let wait = (*oldest + HOUR - now).num_seconds();
        return Ok(Some(u64::try_from(wait).unwrap_or_default() + 1));
    }
    tasks::insert(tx.on(), task, now).await?;
    let number = |it: &ReadNumber| (it.input.clone(), it.digits.clone().ok());
    store::insert(tx.on(), tenant, task.id, numbers.iter().map(number)).await?;
    Ok(None)
}

/// Reads the country of numbers without a country code.
pub(super) fn region(letters: Option<&str>) -> Result<Option<Region>, VerificationError> {
    let Some(letters) = letters else { return Ok(None) };
    let unknown = || VerificationError::UnknownCountry(letters.chars().take(20).collect());
    Region::parse(letters).map(Some).ok_or_else(unknown)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
