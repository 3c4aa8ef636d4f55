//! `mainstay verification`.

use std::{fmt, fs, path::PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{Ctx, TenantId, VerificationId},
    tenancy,
    verifications::{self, VerificationRequest, VerificationState},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify the numbers of a file, one on each line. A worker does it in the background.
    Begin {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// The country of numbers without a country code, such as DE.
        #[arg(long)]
        default_country: Option<String>,
        /// Check anew what was found out before.
        #[arg(long)]
        fresh: bool,
        /// The file.
        file: PathBuf,
    },
    /// Show how far a verification is, and the numbers so far by verdict.
    Show {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        id: VerificationId,
    },
}

/// A verification, as it stands.
#[derive(Serialize)]
struct Standing {
    id: VerificationId,
    state: VerificationState,
    numbers: i64,
    duplicates: i64,
    checked: i64,
    invalid: i64,
    valid: i64,
    reachable: i64,
    unreachable: i64,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let service = operator.verifications();
        let (tenant, id) = match self {
            Self::Show { tenant, id } => (tenancy::find_tenant(&operator.registry, &tenant).await?.id, id),
            Self::Begin {
                tenant,
                default_country,
                fresh,
                file,
            } => {
                let tenant = tenancy::find_tenant(&operator.registry, &tenant).await?.id;
                let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                let request = VerificationRequest {
                    numbers: lines.map(str::to_owned).collect(),
                    default_country,
                    fresh,
                };
                let id = verifications::accept(&service, &Ctx::operator(tenant), request).await?;
                (tenant, id)
            }
        };
        CommandOutput::new(&standing(operator, tenant, id).await?)
    }
}

async fn standing(operator: &OperatorContext, tenant: TenantId, id: VerificationId) -> anyhow::Result<Standing> {
    let found = verifications::find(operator.registry.db.writer(), tenant, id).await?;
    let of = found.with_context(|| format!("the tenant has no verification {id}"))?;
    Ok(Standing {
        id,
        state: of.state,
        numbers: of.numbers,
        duplicates: of.duplicates,
        checked: of.counts.checked(),
        invalid: of.counts.invalid,
        valid: of.counts.valid,
        reachable: of.counts.reachable,
        unreachable: of.counts.unreachable,
    })
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            checked,
            numbers,
            invalid,
            valid,
            reachable,
            unreachable,
            ..
        } = self;
        write!(
            f,
            "verification  {id}\n{checked} of {numbers} numbers are checked: {invalid} invalid, {valid} valid, {reachable} reachable, \
             {unreachable} unreachable"
        )
    }
}
