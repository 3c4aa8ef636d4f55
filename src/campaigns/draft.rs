//! Drafts of campaigns.

use super::{
    CampaignService,
    error::{CampaignError, CampaignResult},
    rows,
    spec::{CampaignSpec, SpecChange},
    store::{self, StoredCampaign},
};
use crate::{
    contacts::segments::read_catalogue,
    db::Tx,
    domain::{CampaignId, CampaignStatus, Ctx, TenantId, check_name},
    records::campaigns::{self, REMOVED},
};

/// Characters of a name.
const MAX_NAME: usize = 200;

/// Changes of a draft; `None` leaves a member as it is.
pub(crate) struct CampaignChange {
    pub name: Option<String>,
    pub spec: SpecChange,
    /// The version that the caller has seen, if it has to be that one.
    pub version: Option<i64>,
}

/// Finds a campaign.
pub(crate) async fn find(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let found = store::find(tx.on(), tenant, id).await?;
    found.ok_or(CampaignError::NotFound(id))
}

/// Creates a draft.
pub(crate) async fn create(
    service: &CampaignService,
    ctx: &Ctx,
    name: &str,
    spec: &CampaignSpec,
) -> CampaignResult<StoredCampaign> {
    insert(service, ctx, checked_name(name)?, spec).await
}

/// Checks and inserts a draft.
pub(super) async fn insert(
    service: &CampaignService,
    ctx: &Ctx,
    name: String,
    spec: &CampaignSpec,
) -> CampaignResult<StoredCampaign> {
    let now = service.clock.now();
    let draft = StoredCampaign {
        tenant_id: ctx.tenant,
        id: service.clock.new_id(),
        name,
        status: CampaignStatus::Draft,
        reason: None,
        reason_details: None,
        spec: spec.text(),
        template: None,
        starts_at: None,
        schedule: None,
        parent_id: spec.retry_of.as_ref().map(|it| it.campaign_id),
        id_stamp: None,
        freeze_bound: None,
        freeze_cursor: None,
        frozen_at: None,
        paced_until: None,
        started_at: None,
        paused_at: None,
        resumed_at: None,
        finished_at: None,
        stalled_since: None,
        recipients_removed_at: None,
        version: 1,
        created_at: now,
        created_by: ctx.actor.to_string(),
        updated_at: now,
    };
    let work = async |tx: &mut Tx| {
        check(service, tx, ctx.tenant, spec).await?;
        store::insert(tx.on(), &draft).await?;
        Ok::<_, CampaignError>(())
    };
    service.db.transaction_as(ctx.tenant, work).await?;
    Ok(draft)
}

/// Changes a draft. A scheduled campaign becomes a draft again.
pub(crate) async fn update(
    service: &CampaignService,
    ctx: &Ctx,
    id: CampaignId,
    change: CampaignChange,
) -> CampaignResult<StoredCampaign> {
    let now = service.clock.now();
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let work = async |tx: &mut Tx| {
        let found = store::lock(tx, ctx.tenant, id).await?;
        let mut draft = found.ok_or(CampaignError::NotFound(id))?;
        if change.version.is_some_and(|version| version != draft.version) {
            return Err(CampaignError::Changed(draft.version));
        }
        if !matches!(draft.status, CampaignStatus::Draft | CampaignStatus::Scheduled) {
            return Err(CampaignError::WrongStatus("changed", draft.status));
        }
        let spec = CampaignSpec::stored(&draft.spec)?.with(change.spec.clone());
        check(service, tx, ctx.tenant, &spec).await?;
        draft.spec = spec.text();
        draft.name = name.clone().unwrap_or(draft.name);
        draft.status = CampaignStatus::Draft;
        draft.version += 1;
        draft.updated_at = now;
        (draft.starts_at, draft.template) = (None, None);
        store::update_draft(tx.on(), &draft).await?;
        Ok(draft)
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Removes a draft.
pub(crate) async fn remove(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> CampaignResult<()> {
    rows::empty(service, ctx, id, "removed").await?;
    let work = async |tx: &mut Tx| {
        let found = store::lock(tx, ctx.tenant, id).await?;
        let draft = found.ok_or(CampaignError::NotFound(id))?;
        // A file may have been imported just now.
        while campaigns::remove_rows(tx, ctx.tenant, id, service.clock.now()).await? == REMOVED as u64 {}
        match store::remove(tx.on(), ctx.tenant, id).await? {
            true => Ok(()),
            false => Err(CampaignError::WrongStatus("removed", draft.status)),
        }
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Creates a draft that is like another campaign.
pub(crate) async fn duplicate(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let mut tx = service.db.begin_read_as(ctx.tenant).await?;
    let found = find(&mut tx, ctx.tenant, id).await;
    tx.commit().await?;
    let campaign = found?;
    let name: String = format!("Copy of {}", campaign.name).chars().take(MAX_NAME).collect();
    create(service, ctx, &name, &CampaignSpec::stored(&campaign.spec)?).await
}

/// Checks a spec against what the tenant has.
async fn check(service: &CampaignService, tx: &mut Tx, tenant: TenantId, spec: &CampaignSpec) -> CampaignResult<()> {
    let known = read_catalogue(tx, tenant).await?;
    spec.check(tenant, &service.directory.current(), &known)
}

pub(super) fn checked_name(name: &str) -> CampaignResult<String> {
    let checked = check_name(name, MAX_NAME).map_err(|why| CampaignError::invalid("name", why))?;
    Ok(checked.to_owned())
}
