//! Sends that wait because no connection to the provider was made.

use chrono::{DateTime, Utc};

use crate::db::{On, Result};

/// Returns the time of the first attempt that did not get through, of a hundred of the sends that wait for the provider; `None` if none
/// waits.
pub(crate) async fn unreachable_since(on: On<'_>) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "
        SELECT MIN(a.started_at)
        FROM (SELECT id FROM sends WHERE held = 'provider_unreachable' AND state = 'pending' LIMIT 100) s
        CROSS JOIN send_attempts a
        WHERE a.message_id = s.id AND a.outcome = 'not_sent'";
    let (since,) = on.sql(SQL, ()).one().await?;
    Ok(since)
}
