//! Launches, pauses, resumes and cancels campaigns. Each writes a status; the dispatch job does what follows from it.

use chrono::{DateTime, Utc};

use super::{
    CampaignService,
    dispatch::CAMPAIGNS,
    error::{CampaignError, CampaignResult},
    events::append_change,
    launch_time::{CampaignSchedule, LaunchTime},
    preflight, retries, rows,
    spec::CampaignSpec,
    store::{self, StoredCampaign, StoredLaunch},
    templates::TemplateSnapshot,
};
use crate::{
    contacts::segments::read_catalogue,
    db::Tx,
    directory::Route,
    domain::{CampaignId, CampaignStatus, Ctx, Id, MAX_WAVE},
    events::{EventType, campaign},
    queue::recurring::{self, RecurringRow},
    records::lock_order::Stage,
};

/// Campaigns of a tenant that have begun and not ended.
const MAX_LIVE: usize = 50;

/// What a launch depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaunchCondition {
    /// The version that the caller has seen, if it has to be that one.
    pub version: Option<i64>,
    /// The digest of the preflight that the caller has seen, if it has to be true yet.
    pub preflight: Option<String>,
}

/// A draft that can be launched.
pub(super) struct Launchable {
    pub spec: CampaignSpec,
    pub routes: Vec<Route>,
    /// JSON: the templates as they are; `None` where a message is sent.
    pub template: Option<String>,
}

/// Checks that a draft can be launched, and reads what it would send.
pub(super) async fn launchable(
    service: &CampaignService,
    tx: &mut Tx,
    ctx: &Ctx,
    draft: &StoredCampaign,
    schedule: Option<&CampaignSchedule>,
) -> CampaignResult<Launchable> {
    let spec = CampaignSpec::stored(&draft.spec)?;
    let known = read_catalogue(tx, ctx.tenant).await?;
    let directory = service.directory.current();
    spec.check(ctx.tenant, &directory, &known)?;
    let routes = spec.routes(ctx.tenant, &directory)?;
    retries::require_parents(tx, ctx.tenant, &spec).await?;
    rows::require(tx, ctx.tenant, draft.id, &spec).await?;
    let (template, classes) = match &spec.message {
        Some(message) => {
            message.check_files(tx.on(), ctx.tenant).await?;
            (None, routes.len())
        }
        None => {
            let templates = TemplateSnapshot::read(tx.on(), ctx.tenant, &spec, &routes).await?;
            (Some(templates.text()), templates.languages(&routes))
        }
    };
    let waves = classes * schedule.map_or(1, CampaignSchedule::turns);
    if waves as i64 > MAX_WAVE {
        let why = format!("with its languages and local times it may have {waves} waves, more than {MAX_WAVE}");
        return Err(CampaignError::invalid("channels", why));
    }
    Ok(Launchable { spec, routes, template })
}

/// Launches a draft. What it sends is what the template is now.
pub(crate) async fn launch(
    service: &CampaignService,
    ctx: &Ctx,
    id: CampaignId,
    time: &LaunchTime,
    condition: &LaunchCondition,
) -> CampaignResult<StoredCampaign> {
    let now = service.clock.now();
    let (starts_at, schedule) = time.resolve(now)?;
    let work = async |tx: &mut Tx| {
        let draft = locked(tx, ctx, id).await?;
        if condition.version.is_some_and(|version| version != draft.version) {
            return Err(CampaignError::Changed(draft.version));
        }
        if draft.status != CampaignStatus::Draft {
            return Err(CampaignError::WrongStatus("launched", draft.status));
        }
        if store::count_live(tx.on(), ctx.tenant).await? >= MAX_LIVE as i64 {
            return Err(CampaignError::TooMany("campaigns under way", MAX_LIVE));
        }
        let Launchable { spec, template, .. } = launchable(service, tx, ctx, &draft, schedule.as_ref()).await?;
        if let Some(digest) = &condition.preflight {
            let schedule = schedule.as_ref().map(CampaignSchedule::text);
            let of = (ctx.tenant, id, draft.version);
            preflight::require(tx.on(), of, (template.as_deref(), schedule.as_deref()), digest).await?;
        }
        let launch = StoredLaunch {
            template,
            starts_at,
            schedule: schedule.as_ref().map(CampaignSchedule::text),
            on_unknown: spec.on_unknown,
            on_marketing_cap: spec.on_marketing_cap,
        };
        store::launch(tx.on(), (ctx.tenant, id), launch, now).await?;
        request_turn(tx, ctx, id, starts_at, now).await?;
        changed(service, tx, ctx, id, &campaign::SCHEDULED).await
    };
    let launched = service.db.transaction_as(ctx.tenant, work).await?;
    announce(service, id, starts_at).await;
    Ok(launched)
}

/// Pauses a running campaign. No page passes once this has returned, and no call is begun.
pub(crate) async fn pause(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let now = service.clock.now();
    let work = async |tx: &mut Tx| {
        let campaign = locked(tx, ctx, id).await?;
        if !store::pause(tx.on(), (ctx.tenant, id), "requested", None, now).await? {
            return Err(CampaignError::WrongStatus("paused", campaign.status));
        }
        changed(service, tx, ctx, id, &campaign::PAUSED).await
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Resumes a paused campaign.
pub(crate) async fn resume(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let now = service.clock.now();
    let work = async |tx: &mut Tx| {
        let campaign = locked(tx, ctx, id).await?;
        if !store::resume(tx.on(), (ctx.tenant, id), now).await? {
            return Err(CampaignError::WrongStatus("resumed", campaign.status));
        }
        request_turn(tx, ctx, id, now, now).await?;
        changed(service, tx, ctx, id, &campaign::RESUMED).await
    };
    let resumed = service.db.transaction_as(ctx.tenant, work).await?;
    announce(service, id, now).await;
    Ok(resumed)
}

/// Cancels a campaign that has not ended. What waits is withdrawn by its dispatch job; what Meta has stays.
pub(crate) async fn cancel(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> CampaignResult<StoredCampaign> {
    use CampaignStatus::{Canceling, Paused, Running, Scheduled};
    let now = service.clock.now();
    let work = async |tx: &mut Tx| {
        let campaign = locked(tx, ctx, id).await?;
        let from = [Scheduled, Running, Paused];
        if !store::set_status(tx.on(), (ctx.tenant, id), from, Canceling, now).await? {
            return Err(CampaignError::WrongStatus("canceled", campaign.status));
        }
        request_turn(tx, ctx, id, now, now).await?;
        let found = store::find(tx.on(), ctx.tenant, id).await?;
        found.ok_or(CampaignError::NotFound(id))
    };
    let canceling = service.db.transaction_as(ctx.tenant, work).await?;
    announce(service, id, now).await;
    Ok(canceling)
}

async fn locked(tx: &mut Tx, ctx: &Ctx, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let found = store::lock(tx, ctx.tenant, id).await?;
    found.ok_or(CampaignError::NotFound(id))
}

/// Makes the dispatch job of a campaign due.
async fn request_turn(
    tx: &mut Tx,
    ctx: &Ctx,
    id: CampaignId,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> CampaignResult<()> {
    Stage::Tasks.reach(tx);
    recurring::request(tx.on(), &CAMPAIGNS, RecurringRow::new(id, ctx.tenant), now, due).await?;
    Ok(())
}

/// Appends the event of a change, and returns the campaign as it is now.
async fn changed(
    service: &CampaignService,
    tx: &mut Tx,
    ctx: &Ctx,
    id: CampaignId,
    of: &'static EventType,
) -> CampaignResult<StoredCampaign> {
    let found = append_change(tx, &service.clock, ctx, id, of).await?;
    found.ok_or(CampaignError::NotFound(id))
}

/// Tells the workers. The row is committed; if the push fails, the sweep finds it.
async fn announce(service: &CampaignService, id: CampaignId, due: DateTime<Utc>) {
    drop(service.queues.push(&CAMPAIGNS, [id.uuid()], due).await);
}
