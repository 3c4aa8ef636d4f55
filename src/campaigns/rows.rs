//! The rows of a campaign: people whom files name for it, with values for its variables. Imports write them (`contacts/import`).

use super::{
    CampaignService,
    error::{CampaignError, CampaignResult},
    spec::CampaignSpec,
    store,
};
use crate::{
    db::Tx,
    domain::{CampaignId, CampaignStatus, Ctx, Id, ImportId, TaskKind, TenantId, WorkState},
    records::{
        campaigns::{self, REMOVED},
        tasks,
    },
};

/// What the task of an import says of its campaign.
#[derive(serde::Deserialize)]
struct SpecOfImport {
    campaign_id: Option<CampaignId>,
}

/// Checks that a campaign is a draft, whose rows may be changed.
///
/// # Errors
/// It is none: it cannot be what is said in `verb`.
pub(crate) async fn require_draft(
    tx: &mut Tx,
    tenant: TenantId,
    id: CampaignId,
    verb: &'static str,
) -> CampaignResult<()> {
    let found = store::find(tx.on(), tenant, id).await?;
    match found.ok_or(CampaignError::NotFound(id))?.status {
        CampaignStatus::Draft => Ok(()),
        status => Err(CampaignError::WrongStatus(verb, status)),
    }
}

/// Removes all rows of a draft, some in each transaction.
pub(crate) async fn empty(
    service: &CampaignService,
    ctx: &Ctx,
    id: CampaignId,
    verb: &'static str,
) -> CampaignResult<()> {
    let now = service.clock.now();
    loop {
        let work = async |tx: &mut Tx| {
            store::lock(tx, ctx.tenant, id).await?;
            require_draft(tx, ctx.tenant, id, verb).await?;
            if let Some(import) = open_import(tx, ctx.tenant, id).await? {
                return Err(CampaignError::RowsPending(format!(
                    "the import {import} has not ended; cancel it, or wait for its end"
                )));
            }
            Ok(campaigns::remove_rows(tx, ctx.tenant, id, now).await?)
        };
        if service.db.transaction_as(ctx.tenant, work).await? < REMOVED as u64 {
            return Ok(());
        }
    }
}

/// Checks that the rows of a campaign that is launched are complete, and have the columns that its variables name.
pub(super) async fn require(tx: &mut Tx, tenant: TenantId, id: CampaignId, spec: &CampaignSpec) -> CampaignResult<()> {
    let pending = |why: String| Err(CampaignError::RowsPending(why));
    if let Some(import) = open_import(tx, tenant, id).await? {
        return pending(format!("the import {import} has not ended; launch it then"));
    }
    let own = campaigns::find_rows(tx.on(), tenant, id).await?;
    if let Some(import) = own.import.filter(|_| spec.audience.rows) {
        let task = tasks::find(tx.on(), tenant, TaskKind::Import, import).await?;
        if task.is_some_and(|it| it.state != WorkState::Done) {
            return pending(format!(
                "the import {import} did not get to its end; remove the rows with DELETE, and send the file again"
            ));
        }
    }
    if spec.audience.rows && own.count == 0 {
        let why = "the campaign has no rows: send a file with POST …/{id}/rows";
        return Err(CampaignError::invalid("audience.rows", why));
    }
    let columns = match spec.rows_of {
        Some(other) => campaigns::find_rows(tx.on(), tenant, other).await?.columns,
        None => own.columns,
    };
    for (key, variable) in &spec.variables {
        if let Some(column) = variable.column().filter(|it| !columns.iter().any(|known| known == it)) {
            let why = format!("the rows have no column {column}; they have: {}", columns.join(", "));
            return Err(CampaignError::invalid(format!("variables.{key}"), why));
        }
    }
    Ok(())
}

/// Returns an import of rows of a campaign that has not ended.
async fn open_import(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> CampaignResult<Option<ImportId>> {
    let open = tasks::open_specs(tx.on(), tenant, TaskKind::Import).await?;
    let is_of = |spec: &str| serde_json::from_str(spec).is_ok_and(|it: SpecOfImport| it.campaign_id == Some(id));
    let found = open.into_iter().find(|(_, spec)| is_of(spec));
    Ok(found.map(|(import, _)| ImportId::from_uuid(import)))
}
