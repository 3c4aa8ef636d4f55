use super::{CommandOutput, OperatorContext};
use crate::{cli::sheet::SheetArgs, exports::ExportSubject, tenancy};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// Export the archived contacts instead of those in use.
    #[arg(long)]
    archived: bool,
    /// Export those whom a filter selects, such as `tag = "vip"`.
    #[arg(long, conflicts_with = "archived")]
    filter: Option<String>,
    #[command(flatten)]
    sheet: SheetArgs,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        let subject = ExportSubject::Contacts {
            archived: self.archived,
            filter: self.filter,
        };
        self.sheet.write(operator, tenant.id, subject).await
    }
}
