//! `mainstay campaign`.

mod output;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use output::{ListedCampaign, ReportedCampaign, ShownCampaign};

use super::{CommandOutput, OperatorContext, sheet::SheetArgs};
use crate::{
    campaigns::{self, CampaignService, LaunchCondition, LaunchTime, store},
    domain::{CampaignId, CampaignStatus, Ctx},
    exports::ExportSubject,
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List campaigns, newest first.
    List {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// List those of one status only, such as running.
        #[arg(long, value_parser = status)]
        status: Option<CampaignStatus>,
        /// Most campaigns that are listed.
        #[arg(long, default_value = "50", value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Show a campaign: where it stands, how many recipients are in each state, and why they wait.
    Show(NamedCampaign),
    /// Launch a draft, at once or at a time. What it sends is what the template is now.
    Launch {
        #[command(flatten)]
        campaign: NamedCampaign,
        /// When it starts, such as 2026-12-24T09:00:00Z.
        #[arg(long)]
        at: Option<DateTime<Utc>>,
    },
    /// Pause a running campaign. No message is made from then on.
    Pause(NamedCampaign),
    /// Resume a paused campaign.
    Resume(NamedCampaign),
    /// Cancel a campaign for good. What waits is withdrawn; what Meta has stays.
    Cancel(NamedCampaign),
    /// Report on a campaign: its numbers, those of its waves, and its failures with what to do about them.
    Report(NamedCampaign),
    /// Export all campaigns with their numbers, or the recipients of one with what became of them.
    Export {
        /// Name or id of the tenant.
        #[arg(long)]
        tenant: String,
        /// The campaign whose recipients are exported.
        id: Option<CampaignId>,
        #[command(flatten)]
        sheet: SheetArgs,
    },
}

/// A campaign by its id.
#[derive(Debug, clap::Args)]
pub(crate) struct NamedCampaign {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    id: CampaignId,
}

impl NamedCampaign {
    async fn ctx(&self, operator: &OperatorContext) -> anyhow::Result<Ctx> {
        Ok(Ctx::operator(
            tenancy::find_tenant(&operator.registry, &self.tenant).await?.id,
        ))
    }
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let service = operator.campaigns().await?;
        match self {
            Self::List { tenant, status, limit } => list(operator, &tenant, status, limit).await,
            Self::Show(of) => shown(&service, &of.ctx(operator).await?, of.id).await,
            Self::Launch { campaign: of, at } => {
                let ctx = of.ctx(operator).await?;
                let time = LaunchTime {
                    starts_at: at,
                    ..LaunchTime::default()
                };
                campaigns::launch(&service, &ctx, of.id, &time, &LaunchCondition::default()).await?;
                shown(&service, &ctx, of.id).await
            }
            Self::Pause(of) => {
                let ctx = of.ctx(operator).await?;
                campaigns::pause(&service, &ctx, of.id).await?;
                shown(&service, &ctx, of.id).await
            }
            Self::Resume(of) => {
                let ctx = of.ctx(operator).await?;
                campaigns::resume(&service, &ctx, of.id).await?;
                shown(&service, &ctx, of.id).await
            }
            Self::Cancel(of) => {
                let ctx = of.ctx(operator).await?;
                campaigns::cancel(&service, &ctx, of.id).await?;
                shown(&service, &ctx, of.id).await
            }
            Self::Report(of) => {
                let tenant = of.ctx(operator).await?.tenant;
                let mut tx = service.db.begin_read_as(tenant).await?;
                let report = campaigns::report(&mut tx, tenant, of.id).await?;
                tx.commit().await?;
                CommandOutput::new(&ReportedCampaign::of(report))
            }
            Self::Export { tenant, id, sheet } => {
                let tenant = tenancy::find_tenant(&operator.registry, &tenant).await?.id;
                let subject = match id {
                    Some(campaign) => ExportSubject::Recipients { campaign },
                    None => ExportSubject::Campaigns,
                };
                sheet.write(operator, tenant, subject).await
            }
        }
    }
}

fn status(text: &str) -> Result<CampaignStatus, String> {
    let all = CampaignStatus::ALL.map(CampaignStatus::as_str).join(", ");
    CampaignStatus::parse(text).ok_or_else(|| format!("it is one of {all}"))
}

async fn list(
    operator: &OperatorContext,
    tenant: &str,
    status: Option<CampaignStatus>,
    limit: u16,
) -> anyhow::Result<CommandOutput> {
    let tenant = tenancy::find_tenant(&operator.registry, tenant).await?.id;
    let found = store::list(operator.registry.db.reader(), tenant, status, None, limit.into()).await?;
    let found: Vec<ListedCampaign> = found.into_iter().map(ListedCampaign::of).collect();
    CommandOutput::list(&found, "no campaigns")
}

async fn shown(service: &CampaignService, ctx: &Ctx, id: CampaignId) -> anyhow::Result<CommandOutput> {
    let mut tx = service.db.begin_read_as(ctx.tenant).await?;
    let campaign = campaigns::find(&mut tx, ctx.tenant, id).await?;
    let progress = campaigns::progress(tx.on(), ctx.tenant, id, campaign.status).await?;
    tx.commit().await?;
    let waiting_for = campaigns::waiting_for(service, &campaign, &progress).await?;
    CommandOutput::new(&ShownCampaign::of(campaign, progress, waiting_for))
}
