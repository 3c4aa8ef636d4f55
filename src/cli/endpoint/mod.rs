//! `mainstay endpoint`.

mod output;
mod test;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use self::output::{AddedEndpoint, ListedEndpoint, RemovedEndpoint, ReplayCount, ShownBreaker};
use super::{CommandOutput, OperatorContext, replay::time};
use crate::{
    domain::{ChannelId, Ctx, EndpointId},
    records::tenants,
    tenancy,
    webhooks::{
        EndpointChanges, NewEndpoint, Replay, ReplayState,
        store::{
            deliveries,
            endpoints::{self, Endpoint},
        },
    },
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
                CommandOutput::new(&RemovedEndpoint { id: endpoint.id })
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
        let found = endpoints::list(registry.db.reader(), tenant.id, None, i64::MAX).await?;
        let keys: Vec<_> = found.iter().map(Endpoint::key).collect();
        let backlogs = deliveries::backlogs(registry.db.reader(), &keys).await?;
        let now = registry.clock.now();
        let backlog = |of: &Endpoint| backlogs.get(&of.id).copied().unwrap_or_default();
        listed.extend(found.into_iter().map(|it| ListedEndpoint::of(backlog(&it), it, now)));
    }
    CommandOutput::list(&listed, "no endpoints yet: add one with `mainstay endpoint add`")
}

impl AddEndpoint {
    async fn run(self, operator: &OperatorContext) -> anyhow::Result<AddedEndpoint> {
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
        Ok(AddedEndpoint {
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

    async fn enable(&self, operator: &OperatorContext, enabled: bool) -> anyhow::Result<ListedEndpoint> {
        let changes = EndpointChanges {
            enabled: Some(enabled),
            ..EndpointChanges::default()
        };
        let ctx = self.ctx(operator).await?;
        let changed = operator.webhooks.change(&ctx, self.id, changes).await?;
        let registry = &operator.registry;
        let mut backlogs = deliveries::backlogs(registry.db.reader(), &[changed.key()]).await?;
        let backlog = backlogs.remove(&self.id).unwrap_or_default();
        Ok(ListedEndpoint::of(backlog, changed, registry.clock.now()))
    }
}

impl ReplayArgs {
    async fn run(self, operator: &OperatorContext) -> anyhow::Result<ReplayCount> {
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
                let breaker = done.breaker.map(ShownBreaker::from);
                return Ok(ReplayCount { replayed, breaker });
            }
        }
    }
}
