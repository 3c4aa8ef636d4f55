//! The start of a campaign.

use super::{
    CampaignService,
    error::{CampaignError, CampaignResult},
    events::append_change,
    spec::CampaignSpec,
    store::{self, StoredCampaign},
    templates::TemplateSnapshot,
};
use crate::{
    clock::first_uuid_at,
    db::Tx,
    domain::{ContactId, Ctx, Id},
    events::{EventType, campaign as types},
};

/// Starts a campaign that is due. If its templates are others by now, it pauses at once.
pub(super) async fn start(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<()> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    let now = service.clock.now();
    // Contacts made from now on are not in the audience.
    let bound = ContactId::from_uuid(first_uuid_at(now));
    let changed = templates_changed(service, campaign).await?;
    let write = async |tx: &mut Tx| {
        if store::lock(tx, tenant, id).await?.is_none() || !store::start(tx.on(), (tenant, id), bound, now).await? {
            return Ok(());
        }
        if let Some(why) = &changed {
            store::pause(tx.on(), (tenant, id), "template_changed", Some(why.clone()), now).await?;
        }
        let of: &'static EventType = if changed.is_some() {
            &types::PAUSED
        } else {
            &types::STARTED
        };
        append_change(tx, &service.clock, &Ctx::system(tenant), id, of)
            .await
            .map(drop)
    };
    service.db.transaction_as(tenant, write).await?;
    Ok(())
}

/// Returns why the templates are not those of the launch any more; `None` if they are.
async fn templates_changed(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<Option<String>> {
    let spec = CampaignSpec::stored(&campaign.spec)?;
    if spec.template.is_none() {
        return Ok(None);
    }
    let directory = service.directory.current();
    let now = match spec.routes(campaign.tenant_id, &directory) {
        Ok(routes) => TemplateSnapshot::read(service.db.reader(), campaign.tenant_id, &spec, &routes).await,
        Err(error) => Err(error),
    };
    match now {
        Ok(now) if Some(now.text()) == campaign.template => Ok(None),
        Ok(_) => Ok(Some("the template has changed since the launch".to_owned())),
        Err(CampaignError::Database(error)) => Err(error.into()),
        Err(error) => Ok(Some(error.to_string())),
    }
}
