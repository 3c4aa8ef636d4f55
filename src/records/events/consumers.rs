//! Consumers that run in the commit that appends events. The only place where records depend on a feature; a consumer that may lag
//! reads by a cursor instead.

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
