//! `mainstay channel add`.

use std::{fmt, io};

use anyhow::bail;
use serde::Serialize;

use super::{super::secret, CommandOutput, MetaAnswers, OperatorContext};
use crate::{
    domain::{ChannelId, Ctx, Provider},
    messaging,
    provider::AskedNumber,
    tenancy::{self, NewChannel},
};

#[derive(clap::Args)]
pub(crate) struct AddChannel {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// Meta's id of the phone number: digits.
    #[arg(long)]
    phone_number_id: String,
    /// Meta's id of the WhatsApp Business Account: digits.
    #[arg(long)]
    waba_id: String,
    /// Token that may send for the number; `-` reads it from standard input.
    #[arg(long, env = "CHANNEL_ACCESS_TOKEN", hide_env_values = true)]
    access_token: String,
    /// Secret of the Meta app that signs this number's webhooks, where it is not one of META_APP_SECRETS; `-` reads it from
    /// standard input.
    #[arg(long, env = "CHANNEL_APP_SECRET", hide_env_values = true)]
    app_secret: Option<String>,
    /// Add it without asking Meta.
    #[arg(long)]
    no_check: bool,
    /// Move the tenant's channel of this number to this account, because Meta has moved the number.
    #[arg(long = "move")]
    moves: bool,
}

#[derive(Serialize)]
struct Added {
    id: ChannelId,
    /// Webhooks that had been waiting for this channel.
    released: u64,
    /// Messages that had waited while the channel could not send; null when it could.
    recovered: Option<u64>,
    /// Null where Meta was not asked.
    meta: Option<MetaAnswers>,
}

impl AddChannel {
    pub(super) async fn run(
        self,
        operator: &OperatorContext,
        input: &mut dyn io::BufRead,
    ) -> anyhow::Result<CommandOutput> {
        let (moves, checks) = (self.moves, !self.no_check);
        let new = NewChannel {
            phone_number_id: self.phone_number_id,
            waba_id: self.waba_id,
            access_token: secret::read("--access-token", &self.access_token, input)?,
            app_secret: match &self.app_secret {
                None => None,
                Some(given) => Some(secret::read("--app-secret", given, input)?),
            },
        };
        let ctx = Ctx::operator(tenancy::find_tenant(&operator.registry, &self.tenant).await?.id);
        let meta = match checks {
            true => Some(ask(operator, &new).await?),
            false => None,
        };
        let added = match moves {
            true => tenancy::add_moved_channel(&operator.registry, &ctx, new).await?,
            false => tenancy::add_channel(&operator.registry, &ctx, new).await?,
        };
        CommandOutput::new(&Added {
            id: added.id,
            released: added.released,
            recovered: added.recovered,
            meta,
        })
    }
}

/// Asks Meta about the number.
///
/// # Errors
/// Fails if Meta does not answer, does not show the number to this token, or has it in another account.
async fn ask(operator: &OperatorContext, new: &NewChannel) -> anyhow::Result<MetaAnswers> {
    let number = AskedNumber {
        provider: Provider::Meta,
        phone_number_id: &new.phone_number_id,
        waba_id: Some(&new.waba_id),
        access_token: Some(&new.access_token),
    };
    let report = messaging::look_up(&operator.providers()?, number, operator.registry.clock.now()).await;
    let answers = MetaAnswers::of(&report, operator.public_url());
    let invalid = report.token.as_ref().is_ok_and(|token| !token.valid);
    if report.number.is_err() || invalid || report.listed == Ok(false) {
        bail!(
            "nothing was added, for Meta does not confirm the number: {} (with --no-check Meta is not asked)",
            answers.problems.join(" ")
        );
    }
    Ok(answers)
}

impl fmt::Debug for AddChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Add");
        shown
            .field("phone_number_id", &self.phone_number_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel  {}", self.id)?;
        if let Some(meta) = &self.meta {
            write!(f, "\n{meta}")?;
        }
        if self.released > 0 {
            write!(f, "\n{} webhooks that waited for it are being processed", self.released)?;
        }
        match self.recovered {
            None => Ok(()),
            Some(n) => write!(f, "\nits circuit breaker was reset; {n} waiting messages are sent now"),
        }
    }
}
