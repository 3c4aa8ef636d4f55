use std::fmt;

use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    contacts,
    domain::{ContactId, Ctx},
    tenancy,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The contact that stays.
    into: ContactId,
    /// The contact that becomes part of it: its id leads to the other one from then on. There is no way back.
    from: ContactId,
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
}

#[derive(Serialize)]
struct MergedContacts {
    contact_id: ContactId,
    merged_contact_id: ContactId,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        let (service, ctx) = (operator.contacts(), Ctx::operator(tenant.id));
        contacts::merge(&service, &ctx, self.from, self.into).await?;
        CommandOutput::new(&MergedContacts {
            contact_id: self.into,
            merged_contact_id: self.from,
        })
    }
}

impl fmt::Display for MergedContacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} from now on", self.merged_contact_id, self.contact_id)
    }
}
