//! The start of a campaign.

use uuid::Uuid;

use super::{
    CampaignService,
    error::{CampaignError, CampaignResult},
    events::{self, CampaignChanged},
    spec::CampaignSpec,
    store::{self, StoredCampaign},
    templates::TemplateSnapshot,
};
use crate::{
    db::Tx,
    domain::{ContactId, Id},
    events::{EventType, campaign as types},
    records,
};

/// Starts a campaign that is due. If its templates are others by now, it pauses at once.
pub(super) async fn start(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<()> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    let now = service.clock.now();
    // Ids of contacts begin with the milliseconds since 1970: those made from now on are not in the audience.
    let first = u128::try_from(now.timestamp_millis()).unwrap_or_default() << 80;
    let bound = ContactId::from_uuid(Uuid::from_u128(first));
    let changed = templates_changed(service, campaign).await?;
    let write = async |tx: &mut Tx| {
        if store::lock(tx, tenant, id).await?.is_none() || !store::start(tx.on(), (tenant, id), bound, now).await? {
            return Ok(());
        }
        if let Some(why) = &changed {
            store::pause(tx.on(), (tenant, id), "template_changed", Some(why.clone()), now).await?;
        }
        let Some(started) = store::find(tx.on(), tenant, id).await? else {
            return Ok(());
        };
        let of: &'static EventType = if changed.is_some() {
            &types::PAUSED
        } else {
            &types::STARTED
        };
        let event = events::event(&service.clock, CampaignChanged { campaign: &started, of });
        records::events::append(tx, &[event], now).await
    };
    service.db.transaction_as(tenant, write).await?;
    Ok(())
}

/// Returns why the templates are not those of the launch any more; `None` if they are.
async fn templates_changed(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<Option<String>> {
    let spec = CampaignSpec::stored(&campaign.spec)?;
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
