//! Consumers of events in the commit that appends them: the only place where records name a feature. A consumer that may lag behind reads
//! by a cursor instead.

use chrono::{DateTime, Utc};

use super::NewEvent;
use crate::{
    db::{Result, Tx},
    webhooks::store::deliveries,
};

/// Hands events, each with its sequence, to every consumer in the commit: webhook deliveries.
pub(super) async fn consume(tx: &mut Tx, events: &[(&NewEvent, i64)], now: DateTime<Utc>) -> Result<()> {
    deliveries::fan_out(tx, events, now).await
}
