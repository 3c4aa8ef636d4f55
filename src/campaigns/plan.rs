//! What a dispatch job works by.

use super::{
    CampaignService,
    content::CampaignContent,
    error::{CampaignError, CampaignResult},
    launch_time::CampaignSchedule,
    spec::CampaignSpec,
    store::{self, StoredCampaign},
};
use crate::{
    contacts::segments::{language::Filter, read_catalogue},
    directory::Route,
    domain::{CampaignId, ChannelId},
};

/// What a dispatch job needs of a campaign, read once a run.
pub(super) struct CampaignPlan {
    pub spec: CampaignSpec,
    pub content: CampaignContent,
    /// Its channels that are in use.
    pub routes: Vec<Route>,
    /// The campaign whose rows its variables name: itself, or the one that it follows up.
    pub rows_of: CampaignId,
    /// The filter of its audience; `None` where contacts are named, or all that have rows are meant, and once it is frozen.
    pub filter: Option<Filter>,
    /// The local time that it was launched for.
    pub schedule: Option<CampaignSchedule>,
    /// The campaign whose failed recipients it writes to again.
    pub parent: Option<StoredCampaign>,
}

impl CampaignPlan {
    pub async fn read(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<Self> {
        let spec = CampaignSpec::stored(&campaign.spec)?;
        let mut tx = service.db.begin_read_as(campaign.tenant_id).await?;
        let known = read_catalogue(&mut tx, campaign.tenant_id).await?;
        let parent = match &spec.retry_of {
            Some(of) => {
                let found = store::find(tx.on(), campaign.tenant_id, of.campaign_id).await?;
                Some(found.ok_or(CampaignError::NotFound(of.campaign_id))?)
            }
            None => None,
        };
        tx.commit().await?;
        let directory = service.directory.current();
        let route = |id: &ChannelId| {
            directory
                .channel(*id)
                .filter(|it| it.tenant == campaign.tenant_id)
                .cloned()
        };
        Ok(Self {
            content: CampaignContent::stored(&spec, campaign)?,
            routes: spec.channels.iter().filter_map(route).collect(),
            rows_of: spec.rows_of.unwrap_or(campaign.id),
            filter: match campaign.frozen_at {
                // What its audience was called may be gone by now.
                Some(_) => None,
                None => spec.filter(&known)?,
            },
            parent,
            schedule: campaign.schedule.as_deref().map(CampaignSchedule::stored).transpose()?,
            spec,
        })
    }

    pub fn route(&self, channel: ChannelId) -> Option<&Route> {
        self.routes.iter().find(|it| it.channel == channel)
    }
}
