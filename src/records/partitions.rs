//! Daily partitions of `raw_events` on PostgreSQL: created in advance, dropped after their retention.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::{
    clock::first_uuid_at,
    db::{Db, Result, Sql, Tx},
};

/// Days created in advance, enough to survive a weekend without workers.
const AHEAD: u64 = 4;

/// Creates the partitions of today and the coming days. If the default partition holds rows of a day already, it keeps serving that day.
pub async fn ensure(db: &Db, now: DateTime<Utc>) -> Result<()> {
    if !db.is_postgres() {
        return Ok(());
    }
    for ahead in 0..=AHEAD {
        let day = now.date_naive() + Days::new(ahead);
        let (from, to) = (
            first_uuid_at(midnight(day)),
            first_uuid_at(midnight(day + Days::new(1))),
        );
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} PARTITION OF raw_events FOR VALUES FROM ('{from}') TO ('{to}')",
            name(day)
        );
        match db.sql(Sql::built(sql), ()).run().await {
            Err(sqlx::Error::Database(error)) => {
                tracing::warn!(%error, %day, "no partition for this day; the default partition serves it");
            }
            result => drop(result?),
        }
    }
    Ok(())
}

/// Drops the partitions of days that ended before `before`. Returns how many. Rows that are neither done nor discarded are moved to
/// the default partition first: dead and quarantined events have a longer retention.
pub(crate) async fn drop_before(db: &Db, before: DateTime<Utc>) -> Result<u64> {
    if !db.is_postgres() {
        return Ok(0);
    }
    const POSTGRES: &str = "
        SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'raw_events'::regclass AND c.relname <> 'raw_events_default'
        ORDER BY c.relname";
    let partitions: Vec<(String,)> = db.sql(POSTGRES, ()).all().await?;
    let mut dropped = 0;
    for (partition,) in partitions {
        let Some(day) = day_of(&partition) else { continue };
        if midnight(day) + TimeDelta::days(1) <= before {
            let mut tx = db.begin().await?;
            drop_one(&mut tx, &name(day)).await?;
            tx.commit().await?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// Drops one partition.
async fn drop_one(tx: &mut Tx, partition: &str) -> Result<()> {
    let statements = [
        // The timeout keeps intake from queueing behind this lock; the next run tries again.
        "SET LOCAL lock_timeout = '1s'".to_owned(),
        format!("ALTER TABLE raw_events DETACH PARTITION {partition}"),
        format!("INSERT INTO raw_events SELECT * FROM {partition} WHERE state NOT IN ('done', 'discarded')"),
        format!("DROP TABLE {partition}"),
    ];
    for statement in statements {
        tx.sql(Sql::built(statement), ()).run().await?;
    }
    Ok(())
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

fn name(day: NaiveDate) -> String {
    day.format("raw_events_%Y%m%d").to_string()
}

fn day_of(partition: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(partition.strip_prefix("raw_events_")?, "%Y%m%d").ok()
}
