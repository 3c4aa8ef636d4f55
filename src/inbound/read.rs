//! Parses stored webhooks: before the transaction that applies them, which locks nothing while it waits for a parser, and
//! off the runtime's threads where a body is long.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    directory::TenantSignature,
    domain::RawEventId,
    meta::webhook::{self, Malformed, Webhook},
    records::raw_events::RawEvent,
};

/// Bytes parsed on the thread of the caller: less than half a millisecond.
const INLINE: usize = 64 * 1_024;
/// How long the parser may take for one read. It is linear in the body, so only a fault of ours takes longer.
const BUDGET: Duration = Duration::from_secs(10);

/// A stored webhook, parsed.
pub struct Parsed {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    /// Unless the operator signed it.
    pub signed: Option<TenantSignature>,
    pub webhook: Result<Webhook, Malformed>,
}

impl Parsed {
    /// How many items it has.
    pub fn items(&self) -> usize {
        self.webhook.as_ref().map_or(0, |webhook| webhook.items.len())
    }
}

/// Why webhooks could not be parsed: a fault of ours, since whatever they hold is parsed.
#[derive(Debug, thiserror::Error)]
pub enum ParseFailure {
    #[error("the parser took longer than {} s", BUDGET.as_secs())]
    TooSlow,
    #[error("the parser panicked")]
    Panicked,
}

/// Parses the webhooks.
pub async fn parse(events: Vec<RawEvent>) -> Result<Vec<Parsed>, ParseFailure> {
    let bytes: usize = events.iter().map(|event| event.body.len()).sum();
    if bytes <= INLINE {
        return Ok(parse_now(events));
    }
    let parsing = tokio::task::spawn_blocking(move || parse_now(events));
    match tokio::time::timeout(BUDGET, parsing).await {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(_)) => Err(ParseFailure::Panicked),
        Err(_) => Err(ParseFailure::TooSlow),
    }
}

fn parse_now(events: Vec<RawEvent>) -> Vec<Parsed> {
    let parsed = |event: RawEvent| Parsed {
        id: event.id,
        received_at: event.received_at,
        signed: event.signer.map(|tenant| TenantSignature {
            tenant,
            secret: event.app_secret_id,
            at: event.received_at,
        }),
        webhook: webhook::parse(&event.body),
    };
    events.into_iter().map(parsed).collect()
}
