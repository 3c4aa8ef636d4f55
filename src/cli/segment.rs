//! `mainstay segment`.

use std::fmt;

use anyhow::ensure;
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    contacts::segments::{Criteria, count_all, language::Filter, read_catalogue},
    domain::TenantId,
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a filter of contacts, and show it in its one form.
    Check {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// The filter, such as 'tag = "vip" and last_inbound > -30d'.
        filter: String,
    },
    /// Count the contacts of a segment, or those that a filter selects.
    Count {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// Name or id of the segment.
        segment: Option<String>,
        /// A filter, instead of a segment or beside it.
        #[arg(long)]
        filter: Option<String>,
    },
}

#[derive(Serialize)]
struct CheckedFilter {
    filter: String,
}

#[derive(Serialize)]
struct Counted {
    count: i64,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Self::Check { tenant, filter } => {
                let criteria = Criteria {
                    filter: Some(filter),
                    ..Criteria::default()
                };
                let (_, filter) = read(operator, &tenant, &criteria).await?;
                let filter = filter.to_string();
                CommandOutput::new(&CheckedFilter { filter })
            }
            Self::Count {
                tenant,
                segment,
                filter,
            } => {
                let criteria = Criteria {
                    segment,
                    filter,
                    ..Criteria::default()
                };
                ensure!(!criteria.is_empty(), "name a segment, or give a filter with --filter");
                let (tenant, filter) = read(operator, &tenant, &criteria).await?;
                let registry = &operator.registry;
                let count = count_all(&registry.db, tenant, &filter, registry.clock.now()).await?;
                CommandOutput::new(&Counted { count })
            }
        }
    }
}

/// Reads a filter with what its tenant has.
async fn read(operator: &OperatorContext, tenant: &str, criteria: &Criteria) -> anyhow::Result<(TenantId, Filter)> {
    let registry = &operator.registry;
    let tenant = tenancy::find_tenant(registry, tenant).await?.id;
    let mut tx = registry.db.begin_read_as(tenant).await?;
    let catalogue = read_catalogue(&mut tx, tenant).await?;
    tx.commit().await?;
    Ok((tenant, criteria.filter(&catalogue)?))
}

impl fmt::Display for CheckedFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filter)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} contacts", self.count)
    }
}
