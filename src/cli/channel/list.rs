//! `mainstay channel list`.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{ChannelId, TenantId},
    records::channels::{self, Channel},
    tenancy,
};

#[derive(Serialize)]
struct Listed {
    id: ChannelId,
    tenant_id: TenantId,
    phone_number_id: String,
    waba_id: Option<String>,
    display_phone_number: Option<String>,
    has_app_secret: bool,
    state: ChannelUse,
    /// Why the circuit breaker is open.
    reason: Option<String>,
    /// Since when it is not in use, its breaker is open or its campaigns are paused.
    since: Option<DateTime<Utc>>,
    quality: Option<String>,
    messaging_limit: Option<String>,
    /// When Meta last answered a check.
    checked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a channel does.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum ChannelUse {
    Sending,
    CampaignsPaused,
    BreakerOpen,
    Removed,
}

pub(super) async fn run(operator: &OperatorContext, tenant: Option<String>) -> anyhow::Result<CommandOutput> {
    let registry = &operator.registry;
    let channels = match tenant {
        None => channels::all(registry.db.writer()).await?,
        Some(tenant) => {
            let tenant = tenancy::find_tenant(registry, &tenant).await?;
            channels::of_tenant(registry.db.writer(), tenant.id).await?
        }
    };
    let listed: Vec<_> = channels.into_iter().map(Listed::from).collect();
    CommandOutput::list(&listed, "no channels yet: add one with `mainstay channel add`")
}

impl From<Channel> for Listed {
    fn from(channel: Channel) -> Self {
        let (state, since) = match (channel.archived_at, channel.tripped_at, channel.campaigns_paused_at) {
            (Some(at), ..) => (ChannelUse::Removed, Some(at)),
            (None, Some(at), _) => (ChannelUse::BreakerOpen, Some(at)),
            (None, None, Some(at)) => (ChannelUse::CampaignsPaused, Some(at)),
            (None, None, None) => (ChannelUse::Sending, None),
        };
        Self {
            id: channel.id,
            tenant_id: channel.tenant_id,
            phone_number_id: channel.phone_number_id,
            waba_id: channel.waba_id,
            display_phone_number: channel.display_phone_number,
            has_app_secret: channel.app_secret.is_some(),
            state,
            reason: channel.trip_reason,
            since,
            quality: channel.quality,
            messaging_limit: channel.messaging_limit,
            checked_at: channel.checked_at,
            created_at: channel.created_at,
            updated_at: channel.updated_at,
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialled = self.display_phone_number.as_deref().unwrap_or("number unknown yet");
        let account = self.waba_id.as_deref().unwrap_or("none");
        let signs = if self.has_app_secret {
            "own app secret"
        } else {
            "operator's app secret"
        };
        write!(
            f,
            "{}  {}  phone number {}  account {account}  {dialled}  {signs}",
            self.id, self.tenant_id, self.phone_number_id
        )?;
        let since = self
            .since
            .map(|at| at.format("%Y-%m-%d %H:%M").to_string())
            .unwrap_or_default();
        match self.state {
            ChannelUse::Removed => write!(f, "  removed {since}"),
            ChannelUse::BreakerOpen => {
                let reason = self.reason.as_deref().unwrap_or("no reason given");
                write!(f, "  circuit breaker open since {since}: {reason}")
            }
            ChannelUse::CampaignsPaused => write!(f, "  campaigns paused since {since}"),
            ChannelUse::Sending => match (&self.checked_at, &self.quality) {
                (Some(_), quality) => write!(f, "  sending, quality {}", quality.as_deref().unwrap_or("unknown")),
                (None, _) => write!(f, "  not checked yet"),
            },
        }
    }
}
