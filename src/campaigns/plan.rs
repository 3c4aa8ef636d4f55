//! What a dispatch job works by.

use super::{
    CampaignService,
    error::{CampaignError, CampaignResult},
    spec::CampaignSpec,
    store::StoredCampaign,
    templates::TemplateSnapshot,
};
use crate::{
    contacts::segments::{language::Filter, read_catalogue},
    directory::Route,
    domain::ChannelId,
};

/// What a dispatch job needs of a campaign, read once a run.
pub(super) struct CampaignPlan {
    pub spec: CampaignSpec,
    pub templates: TemplateSnapshot,
    /// Its channels that are in use.
    pub routes: Vec<Route>,
    /// The filter of its audience; `None` where contacts are named.
    pub filter: Option<Filter>,
}

impl CampaignPlan {
    pub async fn read(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<Self> {
        let spec = CampaignSpec::stored(&campaign.spec)?;
        let template = campaign.template.as_deref();
        let template = template.ok_or_else(|| CampaignError::invalid("template", "is missing"))?;
        let mut tx = service.db.begin_read_as(campaign.tenant_id).await?;
        let known = read_catalogue(&mut tx, campaign.tenant_id).await?;
        tx.commit().await?;
        let directory = service.directory.current();
        let route = |id: &ChannelId| {
            directory
                .channel(*id)
                .filter(|it| it.tenant == campaign.tenant_id)
                .cloned()
        };
        Ok(Self {
            templates: TemplateSnapshot::stored(template)?,
            routes: spec.channels.iter().filter_map(route).collect(),
            filter: spec.filter(&known)?,
            spec,
        })
    }

    pub fn route(&self, channel: ChannelId) -> Option<&Route> {
        self.routes.iter().find(|it| it.channel == channel)
    }
}
