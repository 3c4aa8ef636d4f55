//! `mainstay message`.

use std::fmt;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{
        AttemptOutcome, ChannelId, ContactId, ConversationId, Direction, Evidence, HoldReason, MessageId, SendLane,
        Status, TenantId, WorkState,
    },
    messaging::{
        accept::OUTBOUND,
        store::sends::{self, SendState},
    },
    meta::graph::errors,
    queue::admin,
    records::{
        messages::{self, Message, StatusReport},
        tenants,
    },
    tenancy,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a message: where it stands, what it waits for, every attempt to send it and every status Meta reported.
    Show {
        id: MessageId,
        /// Name or id of its tenant, if it is known.
        #[arg(long)]
        tenant: Option<String>,
    },
}

#[derive(Serialize)]
struct Shown {
    id: MessageId,
    tenant_id: TenantId,
    channel_id: ChannelId,
    conversation_id: ConversationId,
    contact_id: ContactId,
    direction: Direction,
    #[serde(rename = "type")]
    kind: String,
    status: Status,
    wamid: Option<String>,
    created_at: DateTime<Utc>,
    created_by: Option<String>,
    lane: Option<SendLane>,
    /// What it is kept back for.
    held: Option<HoldReason>,
    /// The state of its work, as in `mainstay queue`; null for messages not sent from here, and for old ones.
    work: Option<WorkState>,
    next_attempt_at: Option<DateTime<Utc>>,
    /// Whether the queue of sends is paused.
    queue_paused: bool,
    expires_at: Option<DateTime<Utc>>,
    error: Option<Failure>,
    attempts: Vec<ShownAttempt>,
    statuses: Vec<ShownStatus>,
}

#[derive(Serialize)]
struct Failure {
    code: Option<i64>,
    title: Option<String>,
    details: Option<String>,
    /// What to do.
    advice: Option<&'static str>,
}

#[derive(Serialize)]
struct ShownAttempt {
    number: i64,
    outcome: AttemptOutcome,
    evidence: Option<Evidence>,
    http_status: Option<i64>,
    error: Option<Failure>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct ShownStatus {
    status: String,
    at: DateTime<Utc>,
    error: Option<Failure>,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let Command::Show { id, tenant } = self;
        CommandOutput::new(&show(operator, id, tenant.as_deref()).await?)
    }
}

async fn show(operator: &OperatorContext, id: MessageId, tenant: Option<&str>) -> anyhow::Result<Shown> {
    let registry = &operator.registry;
    let on = || registry.db.reader();
    let candidates = match tenant {
        Some(tenant) => vec![tenancy::find_tenant(registry, tenant).await?],
        None => tenants::all(on()).await?,
    };
    let mut found = None;
    for tenant in candidates {
        if let Some(message) = messages::find(on(), tenant.id, id).await? {
            found = Some((tenant.id, message));
            break;
        }
    }
    let (tenant, message) = found.with_context(|| format!("there is no message {id}"))?;
    let work = sends::find(on(), tenant, id).await?;
    let attempts = sends::of_message(on(), tenant, id).await?;
    let statuses = messages::statuses(on(), tenant, message.channel_id, id, message.wamid.clone()).await?;
    let attempts = attempts.into_iter().map(ShownAttempt::from).collect();
    let queue_paused = admin::is_paused(&registry.db, &OUTBOUND).await?;
    let shown = Shown::of(tenant, message, work, attempts).with(statuses);
    Ok(Shown { queue_paused, ..shown })
}

impl Shown {
    fn of(tenant_id: TenantId, message: Message, work: Option<SendState>, attempts: Vec<ShownAttempt>) -> Self {
        let waits = matches!(message.status, Status::Queued | Status::Sending | Status::Unknown);
        let work = work.as_ref();
        let pending = work.filter(|work| waits && work.state == WorkState::Pending);
        Self {
            id: message.id,
            tenant_id,
            channel_id: message.channel_id,
            conversation_id: message.conversation_id,
            contact_id: message.contact_id,
            direction: message.direction,
            kind: message.kind,
            status: message.status,
            wamid: message.wamid,
            created_at: message.received_at,
            created_by: message.created_by,
            lane: work.and_then(|work| SendLane::of_number(work.lane)),
            held: work
                .and_then(|work| work.held)
                .filter(|it| waits && *it != HoldReason::Released),
            work: work.map(|work| work.state),
            next_attempt_at: pending.map(|work| work.due_at),
            queue_paused: false,
            expires_at: work.and_then(|work| work.expires_at),
            error: Failure::of(message.error_code, message.error_title, None),
            attempts,
            statuses: Vec::new(),
        }
    }

    fn with(self, statuses: Vec<StatusReport>) -> Self {
        let shown = |report: StatusReport| ShownStatus {
            status: report.status,
            at: report.occurred_at,
            error: Failure::of(report.error_code, report.error_title, None),
        };
        Self {
            statuses: statuses.into_iter().map(shown).collect(),
            ..self
        }
    }

    /// Says what a message waits for, and who can help; `None` if it does not wait.
    fn waits_for(&self) -> Option<String> {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        if matches!(self.work, Some(WorkState::Dead | WorkState::Discarded)) && self.status == Status::Queued {
            return Some("it was given up: `mainstay queue retry outbound` puts it back".to_owned());
        }
        if !matches!(self.status, Status::Queued | Status::Sending | Status::Unknown) {
            return None;
        }
        Some(match self.held {
            Some(HoldReason::Breaker) => {
                format!("the channel may not send: `mainstay channel check {}`", self.channel_id)
            }
            Some(HoldReason::Campaigns) => "the channel's campaigns are paused until they are resumed".to_owned(),
            Some(HoldReason::DailyLimit) => "the portfolio's daily limit is reached".to_owned(),
            Some(HoldReason::Unknown) => format!(
                "nobody can prove whether Meta took it: decide with POST /api/v1/messages/{}/resolve",
                self.id
            ),
            _ if self.queue_paused => {
                self.work?;
                "the queue of sends is paused: `mainstay queue resume outbound`".to_owned()
            }
            Some(other) => match self.next_attempt_at {
                Some(at) => format!("{other}, until {}", time(at)),
                None => other.to_string(),
            },
            None => format!("until {}", time(self.next_attempt_at?)),
        })
    }
}

impl Failure {
    fn of(code: Option<i64>, title: Option<String>, details: Option<String>) -> Option<Self> {
        let entry = code.map(errors::entry);
        (code.is_some() || title.is_some() || details.is_some()).then(|| Self {
            code,
            title: title.or_else(|| entry.map(|entry| entry.title.to_owned())),
            details,
            advice: entry.map(|entry| entry.advice),
        })
    }
}

impl From<sends::Attempt> for ShownAttempt {
    fn from(row: sends::Attempt) -> Self {
        Self {
            number: row.number,
            outcome: row.outcome,
            evidence: row.evidence,
            http_status: row.http_status,
            error: Failure::of(row.error_code, row.error_title, row.error_details),
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map(|code| code.to_string());
        let parts = [&code, &self.title, &self.details].into_iter().flatten();
        f.write_str(&parts.cloned().collect::<Vec<_>>().join(": "))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(
            f,
            "message   {}  {} {}  {}",
            self.id, self.direction, self.kind, self.status
        )?;
        write!(
            f,
            "\nof        {}  {}  {}",
            self.tenant_id, self.channel_id, self.contact_id
        )?;
        write!(f, "\ncreated   {}", time(self.created_at))?;
        if let Some(why) = self.waits_for() {
            write!(f, "\nwaits     {why}")?;
        }
        if let Some(error) = &self.error {
            write!(f, "\nerror     {error}")?;
            if let Some(advice) = error.advice {
                write!(f, "\nto do     {advice}")?;
            }
        }
        for attempt in &self.attempts {
            let ShownAttempt { number, outcome, .. } = attempt;
            write!(f, "\nattempt {number} {}  {outcome}", time(attempt.started_at))?;
            // What was not sent has no answer, so nothing to prove it by.
            if let Some(evidence) = attempt.evidence.filter(|_| *outcome != AttemptOutcome::NotSent) {
                write!(f, ", by {evidence}")?;
            }
            if let Some(error) = &attempt.error {
                write!(f, "  {error}")?;
            }
        }
        for status in &self.statuses {
            write!(f, "\nstatus    {}  {}", time(status.at), status.status)?;
            if let Some(error) = &status.error {
                write!(f, "  {error}")?;
            }
        }
        Ok(())
    }
}
