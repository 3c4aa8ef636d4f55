//! `mainstay endpoint`.

mod test;

use std::fmt;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext, replay::time};
use crate::{
    domain::{ChannelId, Ctx, EndpointId, TenantId},
    records::tenants,
    tenancy,
    webhooks::{EndpointChanges, NewEndpoint, Replay, ReplayState, masked, store::endpoints::Endpoint},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an endpoint, and print its secret.
    Add(AddEndpoint),
    /// List the endpoints, of all tenants or of one.
    List {
        /// Name or id of a tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Enable an endpoint that was disabled.
    Enable(EndpointArg),
    /// Disable an endpoint; events that occur meanwhile can be replayed.
    Disable(EndpointArg),
    /// Send a test event to an endpoint, and wait for its answer.
    Test(test::TestEndpoint),
    /// Remove an endpoint and its deliveries.
    Remove(EndpointArg),
    /// Replay events of a time range: dead deliveries, unless other states are named.
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddEndpoint {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// Where the events go: https, and public.
    #[arg(long)]
    url: String,
    /// Exact types, families such as `message.*`, or `*`, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "*")]
    event_types: Vec<String>,
    /// Only events of these channels, separated by commas.
    #[arg(long, value_delimiter = ',')]
    channels: Option<Vec<ChannelId>>,
    #[arg(long)]
    description: Option<String>,
    /// Deliver the events of one conversation in order.
    #[arg(long)]
    ordered: bool,
}

/// An existing endpoint.
#[derive(Debug, clap::Args)]
pub(crate) struct EndpointArg {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    id: EndpointId,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    endpoint: EndpointArg,
    /// Events recorded at this time or later: RFC 3339, or a date in UTC.
    #[arg(long, value_parser = time)]
    from: DateTime<Utc>,
    /// Events recorded before this time; by default now.
    #[arg(long, value_parser = time)]
    to: Option<DateTime<Utc>>,
    /// `done`, `dead` or `missing` (events without a delivery), separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "dead", value_parser = state)]
    states: Vec<ReplayState>,
    /// Exact types, families or `*`, separated by commas.
    #[arg(long, value_delimiter = ',')]
    event_types: Option<Vec<String>>,
}

fn state(text: &str) -> Result<ReplayState, &'static str> {
    ReplayState::parse(text).ok_or("use done, dead or missing")
}

#[derive(Serialize)]
struct Added {
    id: EndpointId,
    secret: String,
}

#[derive(Serialize)]
struct Listed {
    id: EndpointId,
    tenant_id: TenantId,
    url: String,
    event_types: Vec<String>,
    enabled: bool,
    disabled_reason: Option<String>,
    failing_since: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

#[derive(Serialize)]
struct Removed {
    id: EndpointId,
}

#[derive(Serialize)]
struct Counted {
    replayed: u64,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Add(add) => CommandOutput::new(&add.run(operator).await?),
            Command::List { tenant } => list(operator, tenant.as_deref()).await,
            Command::Enable(endpoint) => CommandOutput::new(&endpoint.enable(operator, true).await?),
            Command::Disable(endpoint) => CommandOutput::new(&endpoint.enable(operator, false).await?),
            Command::Test(test) => test.run(operator).await,
            Command::Remove(endpoint) => {
                operator
                    .webhooks
                    .remove(&endpoint.ctx(operator).await?, endpoint.id)
                    .await?;
                CommandOutput::new(&Removed { id: endpoint.id })
            }
            Command::Replay(args) => CommandOutput::new(&args.run(operator).await?),
        }
    }
}

async fn list(operator: &OperatorContext, tenant: Option<&str>) -> anyhow::Result<CommandOutput> {
    let registry = &operator.registry;
    let tenants = match tenant {
        None => tenants::all(registry.db.writer()).await?,
        Some(tenant) => vec![tenancy::find_tenant(registry, tenant).await?],
    };
    let mut listed = Vec::new();
    for tenant in tenants {
        let found = crate::webhooks::store::endpoints::list(registry.db.reader(), tenant.id, None, i64::MAX).await?;
        listed.extend(found.into_iter().map(Listed::from));
    }
    CommandOutput::list(&listed, "no endpoints yet: add one with `mainstay endpoint add`")
}

impl AddEndpoint {
    async fn run(self, operator: &OperatorContext) -> anyhow::Result<Added> {
        let ctx = Ctx::operator(tenancy::find_tenant(&operator.registry, &self.tenant).await?.id);
        let new = NewEndpoint {
            url: self.url,
            description: self.description,
            event_types: self.event_types,
            channels: self.channels,
            rate_limit_per_second: None,
            headers: Default::default(),
            ordered: self.ordered,
            max_concurrent: None,
            enabled: true,
        };
        let id = operator.webhooks.create(&ctx, new).await?.id;
        let secrets = operator.webhooks.secrets(&ctx, id).await?;
        Ok(Added {
            id,
            secret: secrets.current.expose().to_owned(),
        })
    }
}

impl EndpointArg {
    async fn ctx(&self, operator: &OperatorContext) -> anyhow::Result<Ctx> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        Ok(Ctx::operator(tenant.id))
    }

    async fn enable(&self, operator: &OperatorContext, enabled: bool) -> anyhow::Result<Listed> {
        let changes = EndpointChanges {
            enabled: Some(enabled),
            ..EndpointChanges::default()
        };
        let ctx = self.ctx(operator).await?;
        Ok(operator.webhooks.change(&ctx, self.id, changes).await?.into())
    }
}

impl ReplayArgs {
    async fn run(self, operator: &OperatorContext) -> anyhow::Result<Counted> {
        let ctx = self.endpoint.ctx(operator).await?;
        let mut replay = Replay {
            from: self.from,
            // Otherwise events that occur while it runs would be examined as well.
            to: Some(self.to.unwrap_or_else(|| operator.registry.clock.now())),
            states: self.states,
            event_types: self.event_types,
            cursor: None,
        };
        let mut replayed = 0;
        loop {
            let done = operator.webhooks.replay(&ctx, self.endpoint.id, replay.clone()).await?;
            replayed += done.replayed;
            replay.cursor = done.cursor;
            if replay.cursor.is_none() {
                return Ok(Counted { replayed });
            }
        }
    }
}

impl From<Endpoint> for Listed {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            event_types: endpoint.wants().as_slice().to_vec(),
            enabled: endpoint.is_enabled(),
            id: endpoint.id,
            tenant_id: endpoint.tenant_id,
            url: masked(&endpoint.url),
            disabled_reason: endpoint.disabled_reason,
            failing_since: endpoint.health.failing_since,
            last_error: endpoint.health.last_error,
        }
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint  {}\nsecret    {}", self.id, self.secret)
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, tenant_id, url, .. } = self;
        write!(f, "{id}  {tenant_id}  {url}  {}", self.event_types.join(","))?;
        if let Some(reason) = &self.disabled_reason {
            return write!(f, "  disabled: {reason}");
        }
        match (&self.failing_since, &self.last_error) {
            (Some(since), Some(error)) => write!(f, "  failing since {}: {error}", since.format("%Y-%m-%d %H:%M")),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is removed", self.id)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deliveries are queued again", self.replayed)
    }
}
