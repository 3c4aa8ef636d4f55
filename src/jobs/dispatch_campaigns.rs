use std::time::Duration;

use crate::{
    app::App,
    campaigns::{self, CAMPAIGNS},
    domain::CampaignId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

/// Dispatches campaigns: freezes their audiences, makes messages of their recipients, ends them.
pub(crate) struct DispatchCampaigns;

impl Job for DispatchCampaigns {
    const QUEUE: Queue = CAMPAIGNS;
    // Nearly all of them wait for room.
    const CONCURRENCY: usize = 2_048;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
    /// Longer than a run, and the window or page that it ends with.
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Id = CampaignId;
    type Context = App;

    async fn run(app: &App, ids: &[CampaignId]) -> Outcomes<CampaignId> {
        let mut outcomes = Outcomes::settled();
        for &id in ids {
            match campaigns::run(&app.campaigns, id).await {
                Ok(outcome) => outcomes.set(id, outcome),
                Err(error) => return error.into(),
            }
        }
        outcomes
    }
}
