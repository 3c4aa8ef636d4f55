//! Sends that wait for the time that they were accepted for.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::ChannelId,
};

/// Counts the sends of a channel that wait for their time, up to `most`.
pub(crate) async fn count_scheduled(on: On<'_>, channel: ChannelId, now: DateTime<Utc>, most: i64) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM sends
            WHERE channel_id = $1 AND send_at IS NOT NULL AND send_at > $2 AND finished_at IS NULL
            LIMIT $3) AS waiting";
    let (count,): (i64,) = on.sql(SQL, (channel, now, most)).one().await?;
    Ok(count)
}
