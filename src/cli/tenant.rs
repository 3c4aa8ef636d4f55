use std::fmt;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{Answer, Operator};
use crate::{
    domain::TenantId,
    store::tenants::{self, Tenant},
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a tenant and its first API key, which is shown only now.
    Create { name: String },
    /// List the tenants.
    List,
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
        }
    }
}

impl From<Tenant> for Listed {
    fn from(tenant: Tenant) -> Self {
        Self {
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
        write!(f, "{}  {}  {}", self.id, self.created_at.format("%Y-%m-%d"), self.name)
    }
}
