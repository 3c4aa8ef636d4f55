use std::fmt;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{Answer, Operator, replay::time};
use crate::{
    domain::{ChannelId, EndpointId, TenantId},
    records::tenants,
    tenancy,
    webhooks::{Changes, NewEndpoint, Replay, ReplayState, masked, store::endpoints::Endpoint},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an endpoint, and tell its secret.
    Add(Add),
    /// List the endpoints, of all tenants or of one.
    List {
        /// Name or id of a tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Send to an endpoint again that was disabled.
    Enable(One),
    /// Send nothing more to an endpoint; what happens meanwhile can be replayed.
    Disable(One),
    /// Remove an endpoint and its deliveries.
    Remove(One),
    /// Deliver a range again: what is dead, unless other states are named.
    Replay(Again),
}

#[derive(Debug, clap::Args)]
pub struct Add {
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
    /// Has the events of one conversation come one after the other.
    #[arg(long)]
    ordered: bool,
}

/// An endpoint that is there.
#[derive(Debug, clap::Args)]
pub struct One {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    id: EndpointId,
}

#[derive(Debug, clap::Args)]
pub struct Again {
    #[command(flatten)]
    one: One,
    /// Events recorded at this time or later: RFC 3339, or a date in UTC.
    #[arg(long, value_parser = time)]
    from: DateTime<Utc>,
    /// Events recorded before this time; until now unless given.
    #[arg(long, value_parser = time)]
    to: Option<DateTime<Utc>>,
    /// `done`, `dead` or `missing` (what the endpoint wants and never had), separated by commas.
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
    pub async fn run(self, operator: &Operator) -> anyhow::Result<Answer> {
        match self {
            Command::Add(add) => Answer::new(&add.run(operator).await?),
            Command::List { tenant } => list(operator, tenant.as_deref()).await,
            Command::Enable(one) => Answer::new(&one.enable(operator, true).await?),
            Command::Disable(one) => Answer::new(&one.enable(operator, false).await?),
            Command::Remove(one) => {
                operator
                    .subscriptions
                    .remove(one.tenant(operator).await?, one.id)
                    .await?;
                Answer::new(&Removed { id: one.id })
            }
            Command::Replay(again) => Answer::new(&again.run(operator).await?),
        }
    }
}

async fn list(operator: &Operator, tenant: Option<&str>) -> anyhow::Result<Answer> {
    let registry = &operator.registry;
    let tenants = match tenant {
        None => tenants::all(&registry.db).await?,
        Some(tenant) => vec![tenancy::find_tenant(registry, tenant).await?],
    };
    let mut listed = Vec::new();
    for tenant in tenants {
        let found = crate::webhooks::store::endpoints::list(registry.db.reader(), tenant.id, None, i64::MAX).await?;
        listed.extend(found.into_iter().map(Listed::from));
    }
    Answer::list(&listed, "no endpoints yet: add one with `mainstay endpoint add`")
}

impl Add {
    async fn run(self, operator: &Operator) -> anyhow::Result<Added> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?.id;
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
        let id = operator.subscriptions.create(tenant, new).await?.id;
        let secrets = operator.subscriptions.secrets(tenant, id).await?;
        Ok(Added {
            id,
            secret: secrets.current.expose().to_owned(),
        })
    }
}

impl One {
    async fn tenant(&self, operator: &Operator) -> anyhow::Result<TenantId> {
        Ok(tenancy::find_tenant(&operator.registry, &self.tenant).await?.id)
    }

    async fn enable(&self, operator: &Operator, enabled: bool) -> anyhow::Result<Listed> {
        let changes = Changes {
            enabled: Some(enabled),
            ..Changes::default()
        };
        let tenant = self.tenant(operator).await?;
        Ok(operator.subscriptions.change(tenant, self.id, changes).await?.into())
    }
}

impl Again {
    async fn run(self, operator: &Operator) -> anyhow::Result<Counted> {
        let tenant = self.one.tenant(operator).await?;
        let mut replay = Replay {
            from: self.from,
            // Or what happens while it runs would be looked through as well.
            to: Some(self.to.unwrap_or_else(|| operator.registry.clock.now())),
            states: self.states,
            event_types: self.event_types,
            cursor: None,
        };
        let mut replayed = 0;
        loop {
            let done = operator
                .subscriptions
                .replay(tenant, self.one.id, replay.clone())
                .await?;
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
            failing_since: endpoint.standing.failing_since,
            last_error: endpoint.standing.last_error,
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
        write!(f, "{} deliveries are on their way again", self.replayed)
    }
}
