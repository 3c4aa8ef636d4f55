//! `mainstay key`.

use std::fmt;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{ApiKeyId, Ctx, Scopes, TenantId},
    records::{
        api_keys::{self, ApiKey},
        tenants,
    },
    tenancy::{self, RotationReport, TenantService},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an API key, which is shown only now.
    Create {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// Its scopes: `read`, `write`, `events`, or single permissions such as `messages.send`, separated by commas.
        #[arg(long, default_value = "read,write,events")]
        scopes: Scopes,
    },
    /// List the API keys, of all tenants or of one.
    List {
        /// Name or id of a tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Revoke an API key at once.
    Revoke { id: ApiKeyId },
    /// Encrypt every stored secret anew under the first master key, so that older ones can be removed from MAINSTAY_MASTER_KEY.
    ///
    /// The replaced values are then overwritten: on SQLite the whole file is rewritten (it takes as much free space as the file, and writers
    /// wait), on PostgreSQL the four tables with secrets (each locked meanwhile).
    Rotate,
    /// Go on with the first key of MAINSTAY_MASTER_KEY though the database belongs to another: only when that one is lost.
    ///
    /// What was sealed under the lost key stays closed: channels cannot send and endpoints get no signature until their tenants are made anew.
    Adopt,
}

#[derive(Serialize)]
struct Created {
    id: ApiKeyId,
    api_key: String,
}

#[derive(Serialize)]
struct Listed {
    id: ApiKeyId,
    tenant_id: TenantId,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Revoked {
    id: ApiKeyId,
    revoked: bool,
}

#[derive(Serialize)]
struct Adopted {
    /// Tenants whose secrets no key opens.
    closed: Vec<TenantId>,
}

#[derive(Serialize)]
struct Resealed {
    tenants: u64,
    channels: u64,
    answers: u64,
    /// Whether the replaced values are overwritten in the files of the database.
    overwritten: bool,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let registry = &operator.registry;
        match self {
            Command::Create { tenant, name, scopes } => {
                let tenant = tenancy::find_tenant(registry, &tenant).await?;
                let key = tenancy::create_api_key(registry, &Ctx::operator(tenant.id), &name, &scopes).await?;
                CommandOutput::new(&Created {
                    id: key.id,
                    api_key: key.token.expose().to_owned(),
                })
            }
            Command::List { tenant } => {
                let keys = of(registry, tenant).await?;
                CommandOutput::list(&keys.into_iter().map(Listed::from).collect::<Vec<_>>(), "no API keys")
            }
            Command::Revoke { id } => {
                tenancy::revoke_api_key(registry, id).await?;
                CommandOutput::new(&Revoked { id, revoked: true })
            }
            Command::Adopt => CommandOutput::new(&Adopted {
                closed: tenancy::adopt_master_key(registry)
                    .await?
                    .iter()
                    .map(|it| it.id)
                    .collect(),
            }),
            Command::Rotate => {
                let RotationReport {
                    tenants,
                    channels,
                    answers,
                } = tenancy::rotate_keys(registry).await?;
                let overwritten = tenancy::vacuum_replaced(registry).await?;
                CommandOutput::new(&Resealed {
                    tenants,
                    channels,
                    answers,
                    overwritten,
                })
            }
        }
    }
}

async fn of(registry: &TenantService, tenant: Option<String>) -> anyhow::Result<Vec<ApiKey>> {
    let tenants = match tenant {
        None => tenants::all(registry.db.writer()).await?,
        Some(tenant) => vec![tenancy::find_tenant(registry, &tenant).await?],
    };
    let mut keys = Vec::new();
    for tenant in tenants {
        keys.extend(api_keys::of_tenant(registry.db.writer(), tenant.id).await?);
    }
    Ok(keys)
}

impl From<ApiKey> for Listed {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            tenant_id: key.tenant_id,
            name: key.name,
            scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key      {}", self.id)?;
        write!(f, "API key  {}   (kept only as a digest: note it now)", self.api_key)
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = |at: DateTime<Utc>| format!("last used {}", at.format("%Y-%m-%d"));
        let life = match self.revoked_at {
            Some(at) => format!("revoked {}", at.format("%Y-%m-%d")),
            None => self.last_used_at.map_or("never used".to_owned(), used),
        };
        let scopes = self.scopes.join(",");
        write!(f, "{}  {}  {scopes}  {life}  {}", self.id, self.tenant_id, self.name)
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is revoked", self.id)
    }
}

impl fmt::Display for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the first key of MAINSTAY_MASTER_KEY is the database's from now on; the secrets of {} tenants stay closed",
            self.closed.len()
        )?;
        self.closed.iter().try_for_each(|tenant| write!(f, "\n  {tenant}"))
    }
}

impl fmt::Display for Resealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "sealed under the first master key: {} tenants with {} channels, and {} kept answers",
            self.tenants, self.channels, self.answers
        )?;
        match self.overwritten {
            true => writeln!(f, "what they replace is overwritten in the database's files")?,
            false => writeln!(
                f,
                "what they replace is not overwritten everywhere, for others used the database: run it again when it is quiet"
            )?,
        }
        write!(
            f,
            "Backups, replicas and archived logs from before still hold secrets that the old key opens: destroy it only with \
             them, and if it was stolen, replace access tokens, app secrets and endpoints' secrets too."
        )
    }
}
