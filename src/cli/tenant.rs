//! `mainstay tenant`.

use std::{collections::BTreeMap, fmt};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{Quota, SendLane, TenantId},
    records::tenants::{self, Tenant, TenantRetention},
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a tenant and its first API key, which is shown only now.
    Create { name: String },
    /// List the tenants.
    List,
    /// Set a tenant's sending rules; rules that are not named stay. They apply within a second.
    Set(Set),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Name or id of the tenant.
    tenant: String,
    /// Messages per second from all its numbers together, or `none` for no limit.
    #[arg(long)]
    messages_per_second: Option<String>,
    /// Lanes whose messages are held, and not sent again, when their outcome is unknown: `reply`, `transactional`, `campaign`, separated by
    /// commas; or `none`; or `default`, which is `campaign`.
    #[arg(long)]
    hold_unknown: Option<String>,
    /// `true`: marketing goes only to contacts who have allowed it.
    #[arg(long)]
    require_opt_in: Option<bool>,
    /// Days for which `messages`, `media` or `events` are kept, such as `messages=90`, or `messages=default` for as long as the installation
    /// keeps them; may be given several times.
    #[arg(long, value_name = "NAME=DAYS")]
    retention: Vec<String>,
    /// A quota and its limit, such as `endpoints=200`, or `endpoints=default`; may be given several times.
    #[arg(long = "quota", value_name = "NAME=NUMBER")]
    quotas: Vec<String>,
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
    require_opt_in: bool,
    retention: TenantRetention,
    quotas: BTreeMap<String, i64>,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Create { name } => {
                let (tenant, key) = tenancy::create_tenant(&operator.registry, &name).await?;
                CommandOutput::new(&Created {
                    id: tenant.id,
                    api_key: key.token.expose().to_owned(),
                })
            }
            Command::List => {
                let tenants = tenants::all(operator.registry.db.writer()).await?;
                let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
                let quotas = tenancy::quotas_of(&operator.registry, &ids).await?;
                let listed = tenants.into_iter().zip(quotas);
                let listed: Vec<_> = listed.map(|(tenant, quotas)| Listed::of(tenant, quotas)).collect();
                CommandOutput::list(&listed, "no tenants yet: create one with `mainstay tenant create NAME`")
            }
            Command::Set(set) => {
                let tenant = set.run(operator).await?;
                let quotas = tenancy::quotas(&operator.registry, tenant.id).await?;
                CommandOutput::new(&Listed::of(tenant, quotas))
            }
        }
    }
}

impl Set {
    async fn run(self, operator: &OperatorContext) -> anyhow::Result<Tenant> {
        let registry = &operator.registry;
        let tenant = tenancy::find_tenant(registry, &self.tenant).await?;
        let mut rules = tenancy::sending_rules(&tenant);
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
            rules.hold_unknown = tenancy::parse_hold_unknown(text)?;
        }
        rules.require_opt_in = self.require_opt_in.unwrap_or(rules.require_opt_in);
        let quotas: Vec<_> = self
            .quotas
            .iter()
            .map(|text| quota(text))
            .collect::<anyhow::Result<_>>()?;
        if !quotas.is_empty() {
            tenancy::set_quotas(registry, tenant.id, &quotas).await?;
        }
        let retention: Vec<_> = self
            .retention
            .iter()
            .map(|text| limit("--retention", text).map(|(name, days)| (name.to_owned(), days)))
            .collect::<anyhow::Result<_>>()?;
        if !retention.is_empty() {
            tenancy::set_retention(registry, &operator.retention, tenant.id, &retention).await?;
        }
        Ok(tenancy::set_rules(registry, tenant.id, &rules).await?)
    }
}

fn quota(text: &str) -> anyhow::Result<(Quota, Option<i64>)> {
    let (name, most) = limit("--quota", text)?;
    let quota = name
        .parse()
        .map_err(|problem: String| anyhow::anyhow!("--quota: {problem}"))?;
    Ok((quota, most))
}

/// Parses `NAME=NUMBER` or `NAME=default`.
fn limit<'a>(option: &str, text: &'a str) -> anyhow::Result<(&'a str, Option<i64>)> {
    let (name, most) = text
        .split_once('=')
        .with_context(|| format!("{option}: write NAME=NUMBER or NAME=default"))?;
    let most = match most {
        "default" => None,
        most => {
            let read = most.parse().ok();
            Some(read.with_context(|| format!("{option}: {most:?} is neither a whole number nor `default`"))?)
        }
    };
    Ok((name, most))
}

impl Listed {
    fn of(tenant: Tenant, quotas: BTreeMap<String, i64>) -> Self {
        let rules = tenancy::sending_rules(&tenant);
        Self {
            messages_per_second: rules.messages_per_second,
            hold_unknown: rules.hold_unknown,
            require_opt_in: rules.require_opt_in,
            retention: tenancy::retention(&tenant),
            id: tenant.id,
            name: tenant.name,
            created_at: tenant.created_at,
            quotas,
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
            None => {}
            Some(lanes) if lanes.is_empty() => write!(f, "  holds nothing unknown")?,
            Some(lanes) => {
                let lanes: Vec<&str> = lanes.iter().map(|lane| lane.as_str()).collect();
                write!(f, "  holds unknown {}", lanes.join(", "))?;
            }
        }
        for quota in Quota::ALL {
            match self.quotas.get(quota.as_str()) {
                Some(most) if *most != quota.default() => write!(f, "  {}={most}", quota.as_str())?,
                _ => {}
            }
        }
        Ok(())
    }
}
