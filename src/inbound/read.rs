//! Parses stored webhooks: before the transaction, so that no lock is held meanwhile, and on the blocking pool where bodies are long.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    directory::TenantSignature,
    domain::RawEventId,
    provider::{
        self,
        webhook::{Malformed, Webhook},
    },
    records::raw_events::RawEvent,
};

/// Maximum bytes parsed on the caller's thread: less than half a millisecond.
const INLINE: usize = 64 * 1_024;
/// Time limit of one parse. The parser is linear in the body, so only a bug takes longer.
const BUDGET: Duration = Duration::from_secs(10);

/// A parsed webhook.
pub(crate) struct Parsed {
    pub id: RawEventId,
    pub received_at: DateTime<Utc>,
    /// `None` if the operator's app secret signed it.
    pub signed: Option<TenantSignature>,
    pub webhook: Result<Webhook, Malformed>,
}

impl Parsed {
    /// Returns the number of items.
    pub fn items(&self) -> usize {
        self.webhook.as_ref().map_or(0, |webhook| webhook.items.len())
    }
}

/// The reason why webhooks could not be parsed: a bug in the parser, since any body is accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParseFailure {
    #[error("the parser took longer than {} s", BUDGET.as_secs())]
    TooSlow,
    #[error("the parser panicked")]
    Panicked,
}

/// Parses webhooks.
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
        webhook: provider::read(event.source, &event.body),
    };
    events.into_iter().map(parsed).collect()
}
