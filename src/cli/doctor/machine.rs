//! Checks the clock and the disk.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use crate::{clock::Clock, db::Db, records::engine};

/// The year this program was written, in seconds since 1970: a clock that shows an earlier time is wrong.
const WRITTEN: i64 = 1_767_225_600;

/// Checks the clock. Ids and due times come from this machine's clock, so it must agree with the other machines'; the database's stands for
/// theirs.
pub async fn clock(clock: &Clock, db: Option<&Db>) -> Finding {
    let now = clock.now();
    if now.timestamp() < WRITTEN {
        return Finding::fail("clock", format!("shows {now}"), "set the time, e.g. with an NTP client");
    }
    let Some(db) = db.filter(|db| db.is_postgres()) else {
        return Finding::ok("clock", format!("shows {}", now.format("%Y-%m-%d %H:%M:%S UTC")));
    };
    match engine::postgres_time(db.writer()).await {
        Ok(theirs) => offset(now, theirs, clock.now()),
        Err(error) => Finding::warn(
            "clock",
            format!("cannot be compared: {error}"),
            "fix the database first",
        ),
    }
}

/// Compares the clocks; the database's time was read between `before` and `after`.
fn offset(before: DateTime<Utc>, theirs: DateTime<Utc>, after: DateTime<Utc>) -> Finding {
    let offset = if theirs < before {
        before - theirs
    } else {
        (theirs - after).max(TimeDelta::zero())
    };
    let what = format!(
        "differs from the database's by {} ms at least",
        offset.num_milliseconds()
    );
    let cure = "run an NTP client on both machines";
    if offset < TimeDelta::seconds(1) {
        Finding::ok("clock", what)
    } else if offset < TimeDelta::minutes(1) {
        Finding::warn("clock", what, cure)
    } else {
        Finding::fail("clock", what, cure)
    }
}

/// Checks the disk of the database file. With PostgreSQL the data is elsewhere, and a full disk here stops nothing of ours.
pub fn disk(database_file: Option<&Path>, least_mb: u64) -> Finding {
    let folder = match database_file.and_then(Path::parent) {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let free = match rustix::fs::statvfs(folder) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize) / (1024 * 1024),
        Err(error) => {
            let what = format!("the free space in {} cannot be determined: {error}", folder.display());
            return Finding::warn(
                "disk",
                what,
                "make the folder, or set DATABASE_URL to where the data is",
            );
        }
    };
    let what = format!("{free} MB are free in {}", folder.display());
    if free >= least_mb {
        return Finding::ok("disk", what);
    }
    let what = format!("{what}, fewer than the {least_mb} of MAINSTAY_DISK_FREE_MB");
    match database_file {
        Some(_) => Finding::fail("disk", what, "free some space, or lower MAINSTAY_RAW_EVENT_DAYS"),
        None => Finding::warn("disk", what, "free some space"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::FindingStatus;

    #[test]
    fn a_full_disk_is_a_failure_only_where_the_database_is() {
        let here = Some(Path::new("mainstay.db"));
        assert_eq!(disk(here, 0).status, FindingStatus::Ok);
        assert_eq!(disk(here, u64::MAX).status, FindingStatus::Fail);
        assert_eq!(disk(None, u64::MAX).status, FindingStatus::Warn);
        assert_eq!(
            disk(Some(Path::new("/no such folder/mainstay.db")), 0).status,
            FindingStatus::Warn
        );
    }

    #[test]
    fn clocks_that_differ_are_noticed_whichever_is_ahead() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let after = now + TimeDelta::milliseconds(10);
        for (theirs, expected) in [
            (now + TimeDelta::milliseconds(5), FindingStatus::Ok),
            (now - TimeDelta::milliseconds(900), FindingStatus::Ok),
            (now - TimeDelta::seconds(5), FindingStatus::Warn),
            (now + TimeDelta::seconds(5), FindingStatus::Warn),
            (now + TimeDelta::hours(1), FindingStatus::Fail),
        ] {
            assert_eq!(offset(now, theirs, after).status, expected, "{theirs}");
        }
    }

    #[tokio::test]
    async fn a_clock_of_long_ago_is_a_failure() {
        let slow = Clock::default();
        slow.advance(TimeDelta::days(-20 * 365));
        assert_eq!(clock(&slow, None).await.status, FindingStatus::Fail);
        assert_eq!(clock(&Clock::default(), None).await.status, FindingStatus::Ok);
    }
}
