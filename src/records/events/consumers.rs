//! Consumers that run in the commit that appends events. Like the list of merged tables, a place where records depend on features. A consumer
//! that may lag has a cursor instead: `records/event_consumers`.

use chrono::{DateTime, Utc};

use super::NewEvent;
use crate::{
    db::{Result, Tx},
    webhooks::store::deliveries,
};

/// Fans events out to webhook deliveries in the same commit. Each event comes with its sequence.
pub(super) async fn consume(tx: &mut Tx, events: &[(&NewEvent, i64)], now: DateTime<Utc>) -> Result<()> {
    deliveries::fan_out(tx, events, now).await
}
