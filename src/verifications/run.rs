//! One run of a verification: 50 numbers after 50 numbers, for as long as its turn lasts.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use mainstay_phone::{PhoneError, normalize};
use tokio::time::Instant;

use super::{
    accept::{VerificationSpec, region},
    evidence::gather,
    judge::{Judgement, judge},
    numbers,
    service::{VERIFICATIONS, VerificationService},
    store::{self, CheckedItem, OpenItem},
    view::VerificationCounts,
};
use crate::{
    db::{Result, Tx},
    domain::{Id, TenantId, VerificationId, WorkState},
    events::verification::{COMPLETED, VerificationCompleted},
    queue::{Lane, Outcome, counts},
    records::{
        events::{self, NewEvent},
        number_checks::{self, NumberCheck},
        tasks::{self, Fence, Task, TaskResult},
    },
};

/// Numbers of a step.
const CHUNK: i64 = 50;
/// How long a run goes on before others get their turn.
const TURN: Duration = Duration::from_secs(5);

/// Works on a verification until it has ended or its turn is over.
pub async fn run(service: &VerificationService, id: VerificationId) -> Result<Outcome> {
    match take_turn(service, id).await {
        // Whoever has it now goes on.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result,
    }
}

async fn take_turn(service: &VerificationService, id: VerificationId) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let spec: VerificationSpec = match serde_json::from_str(&task.spec) {
        Ok(spec) => spec,
        Err(error) => return Ok(Outcome::discard(error)),
    };
    let mut so_far = VerificationCounts::parse(task.counts.as_deref());
    let (mut fence, mut canceled, begun) = (Fence::of(&task), task.canceled_at.is_some(), Instant::now());
    loop {
        if canceled {
            return end(service, &task, fence, &so_far, WorkState::Discarded).await;
        }
        let checked = check_next(service, &task, &spec, fence.position).await?;
        let Some(last) = checked.last().map(|it| it.item.n) else {
            return end(service, &task, fence, &so_far, WorkState::Done).await;
        };
        let mut counted = so_far;
        checked.iter().for_each(|it| counted.add(it));
        canceled = write(service, &task, fence, last + 1, &checked, &counted).await?;
        (fence, so_far) = (fence.at(last + 1), counted);
        if begun.elapsed() >= TURN {
            let (until, lane) = (service.clock.now(), Lane::Normal);
            return Ok(match tasks::hand_back(service.db.writer(), fence, until).await? {
                true => Outcome::Rescheduled { until, lane },
                false => Outcome::Settled,
            });
        }
    }
}

/// Checks the next numbers. Nothing is written.
async fn check_next(
    service: &VerificationService,
    task: &Task,
    spec: &VerificationSpec,
    from: i64,
) -> Result<Vec<CheckedItem>> {
    let (tenant, now) = (task.tenant_id, service.clock.now());
    let mut tx = service.db.begin_read_as(tenant).await?;
    let items = store::next(tx.on(), tenant, VerificationId::from_uuid(task.id), from, CHUNK).await?;
    let digits: Vec<String> = items.iter().filter_map(|it| it.number.clone()).collect();
    let known = match spec.fresh {
        true => HashMap::new(),
        false => known(service, &mut tx, tenant, &digits, now).await?,
    };
    let unknown: Vec<String> = digits
        .into_iter()
        .filter(|it| !known.contains_key(&number_checks::key(it)))
        .collect();
    let traces = gather(&mut tx, tenant, &unknown, now).await?;
    tx.commit().await?;
    let check = |item: OpenItem| {
        let Some(number) = &item.number else {
            let why = why_invalid(&item.input, spec);
            return CheckedItem::found(item, Judgement::invalid(why), now);
        };
        if let Some(known) = known.get(&number_checks::key(number)) {
            return CheckedItem::known(item, known);
        }
        let judgement = judge(traces.get(number).map_or(&[], Vec::as_slice));
        CheckedItem::found(item, judgement, now)
    };
    Ok(items.into_iter().map(check).collect())
}

/// Returns why a text is no number. Its first characters are enough to say so.
fn why_invalid(input: &str, spec: &VerificationSpec) -> &'static str {
    let region = region(spec.default_country.as_deref()).unwrap_or_default();
    numbers::evidence(normalize(input, region).err().unwrap_or(PhoneError::TooLong))
}

/// Returns what was found out about numbers before and still counts, by their keys.
async fn known(
    service: &VerificationService,
    tx: &mut Tx,
    tenant: TenantId,
    digits: &[String],
    now: DateTime<Utc>,
) -> Result<HashMap<String, NumberCheck>> {
    let keys: Vec<String> = digits.iter().map(|it| number_checks::key(it)).collect();
    let since = now - service.cache;
    let found = number_checks::find(tx.on(), tenant, &keys, since).await?;
    // Without a cache nothing counts, not even what was found out this very moment.
    let counting = found.into_iter().filter(|it| it.checked_at > since);
    Ok(counting.map(|it| (it.number.clone(), it)).collect())
}

/// Writes what was found out about 50 numbers, and returns whether the verification was canceled meanwhile.
async fn write(
    service: &VerificationService,
    task: &Task,
    fence: Fence,
    to: i64,
    checked: &[CheckedItem],
    counted: &VerificationCounts,
) -> Result<bool> {
    let tenant = task.tenant_id;
    let new = checked.iter().filter(|it| !it.is_known);
    let new: Vec<NumberCheck> = new.filter_map(CheckedItem::to_keep).collect();
    let write = async |tx: &mut Tx| {
        store::write(tx.on(), tenant, VerificationId::from_uuid(task.id), checked).await?;
        number_checks::put(tx, tenant, new.clone()).await?;
        tasks::step(tx, fence, to, &counted.stored()).await
    };
    service.db.background_transaction(write).await
}

async fn end(
    service: &VerificationService,
    task: &Task,
    fence: Fence,
    counted: &VerificationCounts,
    state: WorkState,
) -> Result<Outcome> {
    let now = service.clock.now();
    let data = VerificationCompleted {
        verification_id: VerificationId::from_uuid(task.id),
        numbers: counted.checked(),
        invalid: counted.invalid,
        valid: counted.valid,
        reachable: counted.reachable,
        unreachable: counted.unreachable,
    };
    let completed = NewEvent::new(&service.clock, task.tenant_id, &COMPLETED, now, &data).by(task.actor());
    let new_events = match state {
        WorkState::Done => vec![completed],
        _ => Vec::new(),
    };
    let result = TaskResult {
        state,
        error: None,
        result: None,
    };
    let write = async |tx: &mut Tx| {
        tasks::end(tx, fence, result, now).await?;
        counts::add(tx.on(), &VERIFICATIONS, now, 1, 0).await?;
        events::append(tx, &new_events, now).await
    };
    service.db.background_transaction(write).await?;
    Ok(Outcome::Settled)
}
