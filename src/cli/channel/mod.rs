//! `mainstay channel`.

mod add;
mod answers;
mod list;

use std::{fmt, io};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{ChannelId, Ctx},
    messaging,
    provider::AskedNumber,
    records::{
        channel_checks,
        channels::{self, Channel},
    },
    tenancy,
};

pub(super) use answers::MetaAnswers;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a business phone number, or renew the secrets of one. Meta is asked about it first.
    Add(add::AddChannel),
    /// List the channels and their state, of all tenants or of one.
    List {
        /// Name or id of a tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Ask Meta about a channel, and let a worker do the same: it closes the circuit breaker if the channel may send.
    Check { id: ChannelId },
    /// Take a channel out of use: its token is wiped and its waiting messages are canceled.
    ///
    /// What it has exchanged stays readable, webhooks are stored in quarantine, and `channel add` takes it back into use.
    Remove { id: ChannelId },
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Add(add) => add.run(operator, &mut io::stdin().lock()).await,
            Command::List { tenant } => list::run(operator, tenant).await,
            Command::Check { id } => check(operator, id).await,
            Command::Remove { id } => remove(operator, id).await,
        }
    }
}

async fn find(operator: &OperatorContext, id: ChannelId) -> anyhow::Result<Channel> {
    let found = channels::find_anywhere(operator.registry.db.writer(), id).await?;
    found.with_context(|| format!("there is no channel {id}"))
}

#[derive(Serialize)]
struct Checked {
    id: ChannelId,
    #[serde(flatten)]
    meta: MetaAnswers,
}

async fn check(operator: &OperatorContext, id: ChannelId) -> anyhow::Result<CommandOutput> {
    let channel = find(operator, id).await?;
    let registry = &operator.registry;
    let directory = operator.directory().await?;
    let snapshot = directory.current();
    let route = snapshot.channel(id);
    let route = route.with_context(|| format!("the channel {id} was removed: add its number again"))?;
    let report = messaging::look_up(&operator.providers()?, AskedNumber::of(route), registry.clock.now()).await;
    channel_checks::request(registry.db.writer(), id, channel.tenant_id, registry.clock.now()).await?;
    let meta = MetaAnswers::of(&report, operator.public_url());
    let failed = !meta.can_send;
    Ok(CommandOutput::new(&Checked { id, meta })?.failed_if(failed))
}

#[derive(Serialize)]
struct Removed {
    id: ChannelId,
    /// Waiting messages that were canceled.
    canceled: u64,
}

async fn remove(operator: &OperatorContext, id: ChannelId) -> anyhow::Result<CommandOutput> {
    let ctx = Ctx::operator(find(operator, id).await?.tenant_id);
    let archived = tenancy::archive_channel(&operator.registry, &ctx, id).await?;
    CommandOutput::new(&Removed {
        id,
        canceled: archived.canceled,
    })
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "channel  {}\n{}", self.id, self.meta)
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is removed; {} waiting messages were canceled. Its webhooks wait in quarantine from now on",
            self.id, self.canceled
        )
    }
}
