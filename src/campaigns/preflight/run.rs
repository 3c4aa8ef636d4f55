//! The run of a preflight: window after window, for as long as its turn lasts.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{PREFLIGHTS, PreflightSpec, result::LookedAtSoFar};
use crate::{
    campaigns::{
        CampaignService,
        addressed::WINDOW_LEFT,
        error::CampaignError,
        freeze::{FreezeVerdict, JudgedContact, judge, next_window},
        plan::CampaignPlan,
        retries::claimed_contacts,
        store::{self, StoredCampaign},
    },
    contacts::store::consents::without_opt_in,
    db::{Result, Tx},
    domain::{CampaignId, ChannelId, ContactId, Id, TaskId, TenantId, WorkState},
    queue::{Lane, Outcome, counts},
    records::{
        conversations,
        tasks::{self, Fence, Task, TaskResult},
    },
};

/// How long a run goes on before others get their turn.
const TURN: Duration = Duration::from_secs(5);
/// Contacts that are read by one statement.
const CHUNK: usize = 1_000;

/// Goes on with a preflight until it has ended or its turn is over.
pub async fn run(service: &CampaignService, id: TaskId) -> Result<Outcome> {
    match take_turn(service, id).await {
        // Whoever has it now goes on.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result,
    }
}

async fn take_turn(service: &CampaignService, id: TaskId) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let (Ok(spec), Some(campaign)) = (serde_json::from_str::<PreflightSpec>(&task.spec), task.subject) else {
        return Ok(Outcome::discard("its spec cannot be read"));
    };
    let mut so_far: LookedAtSoFar = task
        .counts
        .as_deref()
        .and_then(|it| serde_json::from_str(it).ok())
        .unwrap_or_default();
    let mut fence = Fence::of(&task);
    let campaign = started(service, &task, &spec, CampaignId::from_uuid(campaign)).await?;
    let Some(mut campaign) = campaign else {
        return end(service, &task, fence, Err("the campaign has changed".to_owned())).await;
    };
    let plan = match CampaignPlan::read(service, &campaign).await {
        Ok(plan) => plan,
        Err(CampaignError::Database(error)) => return Err(error),
        Err(error) => return end(service, &task, fence, Err(error.to_string())).await,
    };
    let begun = Instant::now();
    loop {
        campaign.freeze_cursor = so_far.before;
        so_far.before = look(service, &spec, &campaign, &plan, &mut so_far).await?;
        if so_far.before.is_none() {
            let result = so_far.result.ended(&spec, &plan);
            let result = serde_json::to_string(&result).expect("numbers and texts always serialise");
            return end(service, &task, fence, Ok(result)).await;
        }
        let to = fence.position + 1;
        let noted = serde_json::to_string(&so_far).expect("numbers and ids always serialise");
        let step = async |tx: &mut Tx| tasks::step(tx, fence, to, &noted).await;
        service.db.background_transaction(step).await?;
        fence = fence.at(to);
        if begun.elapsed() >= TURN {
            let (until, lane) = (service.clock.now(), Lane::Normal);
            return Ok(match tasks::hand_back(service.db.writer(), fence, until).await? {
                true => Outcome::Rescheduled { until, lane },
                false => Outcome::Settled,
            });
        }
    }
}

/// Returns the campaign as it would be at its start; `None` if it is not the draft that was asked about.
async fn started(
    service: &CampaignService,
    task: &Task,
    spec: &PreflightSpec,
    id: CampaignId,
) -> Result<Option<StoredCampaign>> {
    let mut tx = service.db.begin_read_as(task.tenant_id).await?;
    let found = store::find(tx.on(), task.tenant_id, id).await?;
    tx.commit().await?;
    let draft = found.filter(|it| it.version == spec.version);
    Ok(draft.map(|draft| StoredCampaign {
        template: spec.template.clone(),
        schedule: spec.schedule.clone(),
        started_at: Some(spec.at),
        freeze_bound: Some(spec.bound),
        ..draft
    }))
}

/// Looks at the next window, and returns where it goes on.
async fn look(
    service: &CampaignService,
    spec: &PreflightSpec,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
    so_far: &mut LookedAtSoFar,
) -> Result<Option<uuid::Uuid>> {
    let tenant = campaign.tenant_id;
    let mut tx = service.db.begin_read_as(tenant).await?;
    let window = next_window(&mut tx, campaign, plan, spec.at).await?;
    let mut judged = judge(&mut tx, tenant, plan, &window.contacts, spec.at).await?;
    if let Some(parent) = campaign.parent_id {
        let keys: Vec<(i64, i64)> = window.retried.values().flatten().copied().collect();
        let free = store::unclaimed(tx.on(), (tenant, parent), &keys).await?;
        let contacts = claimed_contacts(&window.retried, &free);
        judged.retain(|it| contacts.contains(&it.contact));
    }
    let unasked = unasked(&mut tx, tenant, &judged).await?;
    let closed = match plan.content.needs_window() {
        true => outside_window(&mut tx, tenant, &judged, spec.at).await?,
        false => 0,
    };
    tx.commit().await?;
    so_far.result.add(&judged, &unasked);
    so_far.result.outside_window += closed;
    Ok(window.rest)
}

/// Returns those of the recipients who have not allowed marketing.
async fn unasked(tx: &mut Tx, tenant: TenantId, judged: &[JudgedContact]) -> Result<HashSet<ContactId>> {
    let pair = |it: &JudgedContact| match &it.verdict {
        FreezeVerdict::Recipient { class, .. } => Some((tenant, it.contact, class.channel)),
        FreezeVerdict::Suppressed(_) => None,
    };
    let pairs: Vec<(TenantId, ContactId, ChannelId)> = judged.iter().filter_map(pair).collect();
    let mut found = HashSet::new();
    for chunk in pairs.chunks(CHUNK) {
        found.extend(without_opt_in(tx.on(), chunk).await?);
    }
    Ok(found)
}

/// Counts the recipients whose service window is closed.
async fn outside_window(tx: &mut Tx, tenant: TenantId, judged: &[JudgedContact], now: DateTime<Utc>) -> Result<i64> {
    let mut of_channel: BTreeMap<ChannelId, Vec<ContactId>> = BTreeMap::new();
    for it in judged {
        if let FreezeVerdict::Recipient { class, .. } = &it.verdict {
            of_channel.entry(class.channel).or_default().push(it.contact);
        }
    }
    let mut closed = 0;
    for (channel, contacts) in of_channel {
        for chunk in contacts.chunks(CHUNK) {
            let open = conversations::open_until(tx.on(), tenant, (channel, now + WINDOW_LEFT), chunk).await?;
            closed += (chunk.len() - open.len()) as i64;
        }
    }
    Ok(closed)
}

async fn end(
    service: &CampaignService,
    task: &Task,
    fence: Fence,
    result: std::result::Result<String, String>,
) -> Result<Outcome> {
    let now = service.clock.now();
    let (state, error, result) = match result {
        Ok(result) => (WorkState::Done, None, Some(result)),
        Err(why) => (WorkState::Discarded, Some(why), None),
    };
    let result = TaskResult { state, error, result };
    let write = async |tx: &mut Tx| {
        tasks::end(tx, fence, result.clone(), now).await?;
        counts::add(tx.on(), &PREFLIGHTS, now, 1, 0).await
    };
    service.db.background_transaction(write).await?;
    tracing::debug!(task = %task.id, "a preflight has ended");
    Ok(Outcome::Settled)
}
