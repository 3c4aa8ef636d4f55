//! Why the recipients of a campaign wait.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    CampaignService,
    progress::CampaignProgress,
    room::held,
    spec::CampaignSpec,
    store::{self, StoredCampaign},
};
use crate::{
    db::Result,
    domain::{CampaignStatus, HoldReason},
};

/// Why the recipients of a running campaign wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingFor {
    /// Nothing: messages are being made and sent.
    Nothing,
    /// Its own rate.
    Rate,
    /// The daily limit of the portfolio.
    DailyLimit,
    /// The circuit breaker of a channel is open.
    Breaker,
    /// The campaigns of a channel rest.
    CampaignsRest,
    /// Meta cannot be reached.
    ProviderUnreachable,
    /// A channel is not in use any more: its recipients wait until it is added again.
    ChannelGone,
    /// The local times of its recipients.
    WaveTime,
    /// All messages are made; Meta's answers are awaited, or somebody's decision about messages whose delivery is unknown.
    Answers,
}

impl WaitingFor {
    /// Returns the reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Rate => "its own rate",
            Self::DailyLimit => "the daily limit of the portfolio",
            Self::Breaker => "the circuit breaker of a channel",
            Self::CampaignsRest => "the rest of the campaigns of a channel",
            Self::ProviderUnreachable => "Meta, which cannot be reached",
            Self::ChannelGone => "a channel that is not in use any more",
            Self::WaveTime => "the local times of its recipients",
            Self::Answers => "Meta's answers, or a decision about unknown messages",
        }
    }
}

/// Returns why the recipients of a running campaign wait; `None` if it is not running.
pub(crate) async fn waiting_for(
    service: &CampaignService,
    campaign: &StoredCampaign,
    numbers: &CampaignProgress,
) -> Result<Option<WaitingFor>> {
    if campaign.status != CampaignStatus::Running {
        return Ok(None);
    }
    let Ok(spec) = CampaignSpec::stored(&campaign.spec) else {
        return Ok(None);
    };
    let directory = service.directory.current();
    for channel in &spec.channels {
        let Some(route) = directory.channel(*channel) else {
            return Ok(Some(WaitingFor::ChannelGone));
        };
        if let Some(held) = held(service, route).await? {
            return Ok(Some(match held {
                HoldReason::Breaker => WaitingFor::Breaker,
                HoldReason::Campaigns => WaitingFor::CampaignsRest,
                HoldReason::DailyLimit => WaitingFor::DailyLimit,
                _ => WaitingFor::ProviderUnreachable,
            }));
        }
    }
    let is_frozen = campaign.frozen_at.is_some();
    if is_frozen && numbers.pending == 0 {
        return Ok(Some(WaitingFor::Answers));
    }
    if is_frozen && campaign.schedule.is_some() && all_wait(service, campaign).await? {
        return Ok(Some(WaitingFor::WaveTime));
    }
    Ok(Some(match spec.rate_per_second {
        Some(_) => WaitingFor::Rate,
        None => WaitingFor::Nothing,
    }))
}

/// Returns whether all recipients that are left wait for their local time.
async fn all_wait(service: &CampaignService, campaign: &StoredCampaign) -> Result<bool> {
    let waves = store::waves(service.db.reader(), campaign.tenant_id, campaign.id).await?;
    let now = service.clock.now();
    let mut left = waves
        .iter()
        .filter(|it| it.cursor < it.frozen && it.channel_id.is_some());
    Ok(left.all(|it| it.starts_at.is_some_and(|at| at > now)))
}
