use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    db::{Db, Result},
    domain::TenantId,
};

/// Maximum difference by which a later event's time may be earlier: the time is read before the sequence is drawn, and clocks of machines
/// differ.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// The range of sequences that contains all of a tenant's events of a time range. It may contain others at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceRange {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub first: i64,
    /// The first sequence after the range.
    pub end: i64,
}

impl SequenceRange {
    /// Finds the range by binary search: about twenty rows are read for a million events.
    pub async fn find(db: &Db, tenant: TenantId, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        const HEAD: &str = "SELECT last_sequence FROM event_cursors WHERE tenant_id = $1";
        let head: Option<(i64,)> = db.reader().sql(HEAD, (tenant,)).opt().await?;
        let after_all = head.map_or(1, |(last,)| last + 1);
        let earliest = from.checked_sub_signed(SKEW).unwrap_or(from);
        let latest = to.checked_add_signed(SKEW).unwrap_or(to);
        let first = first_since(db, tenant, earliest, 1, after_all).await?;
        let end = first_since(db, tenant, latest, first, after_all).await?;
        Ok(Self { from, to, first, end })
    }
}

/// Returns a sequence between `low` and `high` from which on events have at least this time, while the one before is earlier.
async fn first_since(db: &Db, tenant: TenantId, time: DateTime<Utc>, mut low: i64, mut high: i64) -> Result<i64> {
    // Expired events leave gaps in the stored sequences.
    const NEXT: &str = "
        SELECT sequence, created_at FROM events WHERE tenant_id = $1 AND sequence >= $2 ORDER BY sequence LIMIT 1";
    while low < high {
        let middle = low + (high - low) / 2;
        let next: Option<(i64, DateTime<Utc>)> = db.reader().sql(NEXT, (tenant, middle)).opt().await?;
        match next {
            Some((sequence, created_at)) if created_at < time => low = sequence + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
