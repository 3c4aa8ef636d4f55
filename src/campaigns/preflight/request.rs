use super::{PREFLIGHTS, PreflightSpec, view::PreflightTemplate};
use crate::{
    campaigns::{
        CampaignService,
        control::{Launchable, launchable},
        error::{CampaignError, CampaignResult},
        launch_time::{CampaignSchedule, LaunchTime},
        store,
    },
    clock::first_uuid_at,
    db::Tx,
    domain::{CampaignId, CampaignStatus, ContactId, Ctx, Id, TaskId, TaskKind},
    records::tasks::{self, NewTask},
};

/// Preflights of a tenant that may be on their way at once.
const MAX_OPEN: usize = 10;

/// Queues a preflight of a draft, unless one is on its way.
pub(crate) async fn request(
    service: &CampaignService,
    ctx: &Ctx,
    id: CampaignId,
    time: &LaunchTime,
) -> CampaignResult<()> {
    let now = service.clock.now();
    let (starts_at, schedule) = time.resolve(now)?;
    let task: TaskId = service.clock.new_id();
    let work = async |tx: &mut Tx| {
        let found = store::find(tx.on(), ctx.tenant, id).await?;
        let draft = found.ok_or(CampaignError::NotFound(id))?;
        if draft.status != CampaignStatus::Draft {
            return Err(CampaignError::WrongStatus("looked at before its launch", draft.status));
        }
        let kind = TaskKind::Preflight;
        tasks::lock_making(tx, ctx.tenant, kind).await?;
        if tasks::is_open_for(tx.on(), ctx.tenant, kind, id).await? {
            return Ok(());
        }
        if tasks::count_open(tx.on(), ctx.tenant, kind).await? >= MAX_OPEN as i64 {
            return Err(CampaignError::TooMany("preflights at once", MAX_OPEN));
        }
        let Launchable { spec, routes, template } = launchable(service, tx, ctx, &draft, schedule.as_ref()).await?;
        let spec = PreflightSpec {
            version: draft.version,
            template,
            templates: PreflightTemplate::read(tx.on(), ctx.tenant, &spec, &routes).await?,
            schedule: schedule.as_ref().map(CampaignSchedule::text),
            at: starts_at.max(now),
            bound: ContactId::from_uuid(first_uuid_at(now)),
        };
        let task = NewTask {
            tenant: ctx.tenant,
            id: task,
            kind,
            subject: Some(id.uuid()),
            spec: serde_json::to_string(&spec).expect("texts and times always serialise"),
            counts: None,
            waits: false,
            by: ctx.actor,
        };
        tasks::insert(tx.on(), &task, now).await?;
        Ok(())
    };
    service.db.transaction_as(ctx.tenant, work).await?;
    // The row is committed; if the push fails, the sweep finds it.
    drop(service.queues.push(&PREFLIGHTS, [task.uuid()], now).await);
    Ok(())
}
