//! `mainstay channel`.

use std::{fmt, io};

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext, secret};
use crate::{
    domain::{ChannelId, Ctx, TenantId},
    records::channels::{self, Channel},
    tenancy::{self, AddedChannel, NewChannel},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a business phone number, or renew the secrets of one.
    Add(AddChannel),
    /// List the channels, of all tenants or of one.
    List {
        /// Name or id of a tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
}

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
}

#[derive(Serialize)]
struct Added {
    id: ChannelId,
    /// Webhooks that had been waiting for this channel.
    released: u64,
    /// Messages that had waited while the channel could not send; null when it could.
    recovered: Option<u64>,
}

#[derive(Serialize)]
struct Listed {
    id: ChannelId,
    tenant_id: TenantId,
    phone_number_id: String,
    waba_id: Option<String>,
    display_phone_number: Option<String>,
    has_app_secret: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Add(add) => CommandOutput::new(&Added::from(add.run(operator, &mut io::stdin().lock()).await?)),
            Command::List { tenant } => {
                let registry = &operator.registry;
                let channels = match tenant {
                    None => channels::all(registry.db.writer()).await?,
                    Some(tenant) => {
                        let tenant = tenancy::find_tenant(registry, &tenant).await?;
                        channels::of_tenant(registry.db.writer(), tenant.id).await?
                    }
                };
                let listed: Vec<_> = channels.into_iter().map(Listed::from).collect();
                CommandOutput::list(&listed, "no channels yet: add one with `mainstay channel add`")
            }
        }
    }
}

impl AddChannel {
    async fn run(self, operator: &OperatorContext, input: &mut dyn io::BufRead) -> anyhow::Result<AddedChannel> {
        let new = NewChannel {
            phone_number_id: self.phone_number_id,
            waba_id: self.waba_id,
            access_token: secret::read("--access-token", &self.access_token, input)?,
            app_secret: match &self.app_secret {
                None => None,
                Some(given) => Some(secret::read("--app-secret", given, input)?),
            },
        };
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        Ok(tenancy::add_channel(&operator.registry, &Ctx::operator(tenant.id), new).await?)
    }
}

impl fmt::Debug for AddChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Add");
        shown
            .field("phone_number_id", &self.phone_number_id)
            .finish_non_exhaustive()
    }
}

impl From<AddedChannel> for Added {
    fn from(added: AddedChannel) -> Self {
        Self {
            id: added.id,
            released: added.released,
            recovered: added.recovered,
        }
    }
}

impl From<Channel> for Listed {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id,
            tenant_id: channel.tenant_id,
            phone_number_id: channel.phone_number_id,
            waba_id: channel.waba_id,
            display_phone_number: channel.display_phone_number,
            has_app_secret: channel.app_secret.is_some(),
            created_at: channel.created_at,
            updated_at: channel.updated_at,
        }
    }
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel  {}", self.id)?;
        if self.released > 0 {
            write!(f, "\n{} webhooks that waited for it are being processed", self.released)?;
        }
        match self.recovered {
            None => Ok(()),
            Some(n) => write!(f, "\nits circuit breaker was reset; {n} waiting messages are sent now"),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialled = self.display_phone_number.as_deref().unwrap_or("number unknown yet");
        let account = self.waba_id.as_deref().unwrap_or("none");
        let signs = if self.has_app_secret {
            "own app secret"
        } else {
            "operator's app secret"
        };
        write!(
            f,
            "{}  {}  phone number {}  account {account}  {dialled}  {signs}",
            self.id, self.tenant_id, self.phone_number_id
        )
    }
}
