//! The days of `raw_events` on PostgreSQL: made ahead, dropped when their time is over.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::{
    clock::first_uuid_at,
    db::{Db, Result, Sql, Tx},
};

/// Days made ahead, so that a worker may be away for a weekend.
const AHEAD: u64 = 4;

/// Makes the partitions of today and the coming days. A day that cannot be made, because the default partition took some of its rows
/// already, is served by that one.
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

/// Drops the days that ended before `before` and tells how many. What is neither done nor discarded moves to the default partition
/// first: dead and quarantined events are kept longer than the rest of their day.
pub async fn drop_before(db: &Db, before: DateTime<Utc>) -> Result<u64> {
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

async fn drop_one(tx: &mut Tx, partition: &str) -> Result<()> {
    let statements = [
        // Intake must not wait behind us; if the lock is not to be had, the next round tries again.
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
