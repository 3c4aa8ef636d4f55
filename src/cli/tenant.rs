use std::fmt;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{Answer, Operator};
use crate::{
    domain::{SendLane, TenantId},
    store::tenants::{self, Tenant},
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a tenant and its first API key, which is shown only now.
    Create { name: String },
    /// List the tenants.
    List,
    /// Set a tenant's rules of sending; what is not named stays. They hold within a second.
    Set(Set),
}

#[derive(Debug, clap::Args)]
pub struct Set {
    /// Name or id of the tenant.
    tenant: String,
    /// Messages per second from all its numbers together, or `none` for no limit.
    #[arg(long)]
    messages_per_second: Option<String>,
    /// Lanes whose messages are held, and not sent again, when nobody knows whether they were sent: `reply`, `transactional`,
    /// `campaign`, separated by commas; or `none`; or `default`, which is `campaign`.
    #[arg(long)]
    hold_unknown: Option<String>,
}

#[derive(Serialize)]
struct Created {
    id: TenantId,
    api_key: String,
}

#[derive(Serialize)]
struct Listed {
    id: TenantId,
    name: String,
    created_at: DateTime<Utc>,
    messages_per_second: Option<f64>,
    hold_unknown: Option<Vec<SendLane>>,
}

impl Command {
    pub async fn run(self, operator: &Operator) -> anyhow::Result<Answer> {
        match self {
            Command::Create { name } => {
                let (tenant, key) = tenancy::create_tenant(&operator.registry, &name).await?;
                Answer::new(&Created {
                    id: tenant.id,
                    api_key: key.token.expose().to_owned(),
                })
            }
            Command::List => {
                let tenants = tenants::all(&operator.registry.db).await?;
                let listed: Vec<_> = tenants.into_iter().map(Listed::from).collect();
                Answer::list(&listed, "no tenants yet: make one with `mainstay tenant create NAME`")
            }
            Command::Set(set) => Answer::new(&Listed::from(set.run(operator).await?)),
        }
    }
}

impl Set {
    async fn run(self, operator: &Operator) -> anyhow::Result<Tenant> {
        let registry = &operator.registry;
        let tenant = tenancy::find_tenant(registry, &self.tenant).await?;
        let mut rules = tenancy::rules(&tenant);
        match self.messages_per_second.as_deref() {
            None => {}
            Some("none") => rules.messages_per_second = None,
            Some(text) => {
                let rate = text.parse().ok();
                let rate =
                    rate.with_context(|| format!("--messages-per-second: {text:?} is neither a number nor `none`"))?;
                rules.messages_per_second = Some(rate);
            }
        }
        if let Some(text) = &self.hold_unknown {
            rules.hold_unknown = tenancy::hold_unknown(text)?;
        }
        Ok(tenancy::set_rules(registry, tenant.id, &rules).await?)
    }
}

impl From<Tenant> for Listed {
    fn from(tenant: Tenant) -> Self {
        let rules = tenancy::rules(&tenant);
        Self {
            messages_per_second: rules.messages_per_second,
            hold_unknown: rules.hold_unknown,
            id: tenant.id,
            name: tenant.name,
            created_at: tenant.created_at,
        }
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tenant   {}", self.id)?;
        write!(f, "API key  {}   (kept only as a digest: note it now)", self.api_key)
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.id, self.created_at.format("%Y-%m-%d"), self.name)?;
        if let Some(rate) = self.messages_per_second {
            write!(f, "  at most {rate} messages/s")?;
        }
        match &self.hold_unknown {
            None => Ok(()),
            Some(lanes) if lanes.is_empty() => write!(f, "  holds nothing unknown"),
            Some(lanes) => {
                let lanes: Vec<&str> = lanes.iter().map(|lane| lane.as_str()).collect();
                write!(f, "  holds unknown {}", lanes.join(", "))
            }
        }
    }
}
