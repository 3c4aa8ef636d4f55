//! The dispatch job of a campaign: freezes its audience, fans out its pages, and notices when it has ended. A recurring job under a lease; a
//! run lasts some seconds. Whatever it writes is guarded by cursors and statuses, so that a run which stood still does no harm.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::{
    CampaignService,
    ending::end_canceled,
    error::{CampaignError, CampaignResult},
    plan::CampaignPlan,
    start::start,
    step::{Step, give_up, step},
    store, threshold,
};
use crate::{
    db::{Result, Tx},
    domain::{CampaignId, CampaignStatus, TenantId},
    queue::{
        Lane, Lease, Outcome, Queue, Recurring, counts,
        recurring::{self, RecurringRow},
    },
};

/// The queue of dispatch jobs.
pub const CAMPAIGNS: Queue = Queue::new("campaigns", "campaign_jobs").recurring(Recurring::by_id());

/// How long a run lasts before its job is handed back.
const RUN: Duration = Duration::from_secs(10);
/// How often it looks while nothing is left but the answers of Meta.
pub(super) const LOOK_FOR_THE_END: Duration = Duration::from_secs(1);
/// Longest time between two looks while recipients wait for their local time.
const LOOK_FOR_TURNS: TimeDelta = TimeDelta::seconds(60);

/// When a campaign is looked at next.
enum Next {
    At(DateTime<Utc>),
    /// It has ended: its job is removed.
    Never,
}

/// Gives campaigns under way their dispatch jobs back, where they have none.
pub(crate) async fn restore_jobs(service: &CampaignService) -> Result<()> {
    let now = service.clock.now();
    let missing = store::without_job(service.db.reader()).await?;
    let rows: Vec<RecurringRow> = missing
        .into_iter()
        .map(|(id, tenant)| RecurringRow::new(id, tenant))
        .collect();
    recurring::ensure(service.db.writer(), &CAMPAIGNS, &rows, now, now)
        .await
        .map(drop)
}

/// Goes on with a campaign until it has nothing to do for a while, or the run is over.
pub async fn run(service: &CampaignService, id: CampaignId) -> Result<Outcome> {
    let Some(lease) = recurring::lease(service.db.writer(), &CAMPAIGNS, id).await? else {
        return Ok(Outcome::Settled);
    };
    let Some(tenant) = store::tenant_of(service.db.reader(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let began = service.clock.now();
    match go_on(service, tenant, id).await {
        Ok(Next::At(at)) => hand_back(service, lease, began, at).await,
        Ok(Next::Never) => match remove(service, tenant, id, lease).await? {
            true => Ok(Outcome::Settled),
            false => hand_back(service, lease, began, began).await,
        },
        Err(CampaignError::Database(error)) => Err(error),
        Err(error) => Ok(Outcome::retry(error)),
    }
}

/// Removes the job of a campaign that has ended or is a draft. Returns false if it has been launched meanwhile: with the campaign locked
/// nobody launches it.
async fn remove(service: &CampaignService, tenant: TenantId, id: CampaignId, lease: Lease) -> Result<bool> {
    let remove = async |tx: &mut Tx| {
        let campaign = store::lock(tx, tenant, id).await?;
        let is_live = campaign.is_some_and(|it| !it.status.is_final() && it.status != CampaignStatus::Draft);
        if !is_live {
            store::remove_job(tx.on(), lease).await?;
        }
        Ok::<_, sqlx::Error>(!is_live)
    };
    service.db.transaction_as(tenant, remove).await
}

async fn hand_back(
    service: &CampaignService,
    lease: Lease,
    began: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Outcome> {
    let hand_back = async |tx: &mut Tx| {
        counts::add(tx.on(), &CAMPAIGNS, service.clock.now(), 1, 0).await?;
        recurring::reschedule(tx.on(), &CAMPAIGNS, lease, began, at).await
    };
    let due = service.db.background_transaction(hand_back).await?;
    let lane = Lane::Normal;
    Ok(due.map_or(Outcome::Settled, |until| Outcome::Rescheduled { until, lane }))
}

async fn go_on(service: &CampaignService, tenant: TenantId, id: CampaignId) -> CampaignResult<Next> {
    let (begun, mut plan) = (Instant::now(), None);
    let mut looked_at = service.clock.now();
    loop {
        let now = service.clock.now();
        let Some(campaign) = store::find(service.db.writer(), tenant, id).await? else {
            return Ok(Next::Never);
        };
        let wait = match campaign.status {
            CampaignStatus::Scheduled => match campaign.starts_at.filter(|at| *at > now) {
                Some(at) => return Ok(Next::At(at)),
                None => {
                    start(service, &campaign).await?;
                    Duration::ZERO
                }
            },
            CampaignStatus::Running => {
                let plan = match &mut plan {
                    Some(plan) => plan,
                    none => match CampaignPlan::read(service, &campaign).await {
                        Ok(read) => none.insert(read),
                        Err(CampaignError::Database(error)) => return Err(error.into()),
                        Err(error) => {
                            give_up(service, &campaign, "audience", &error).await?;
                            continue;
                        }
                    },
                };
                if now - looked_at >= TimeDelta::seconds(1) {
                    looked_at = now;
                    threshold::check(service, &campaign, plan).await?;
                }
                match step(service, &campaign, plan).await? {
                    Step::Wait(wait) => wait,
                    Step::Until(at) => return Ok(Next::At(at.min(now + LOOK_FOR_TURNS))),
                }
            }
            CampaignStatus::Paused => return Ok(Next::At(now + recurring::UNTIL_WOKEN)),
            CampaignStatus::Canceling => match end_canceled(service, &campaign).await? {
                true => return Ok(Next::Never),
                false => LOOK_FOR_THE_END,
            },
            CampaignStatus::Draft | CampaignStatus::Canceled | CampaignStatus::Completed | CampaignStatus::Failed => {
                return Ok(Next::Never);
            }
        };
        if begun.elapsed() >= RUN || service.work_ends.is_cancelled() {
            return Ok(Next::At(service.clock.now()));
        }
        if !wait.is_zero() {
            tokio::select! {
                () = service.work_ends.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
