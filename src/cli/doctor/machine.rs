use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use crate::{clock::Clock, db::Db, store::engine};

/// Nobody's clock shows an earlier time: the year this program was written. Seconds since 1970.
const WRITTEN: i64 = 1_767_225_600;

/// Ids and due times are made from this machine's clock, so it must agree with that of the others; the database stands for them.
pub async fn clock(clock: &Clock, db: Option<&Db>) -> Finding {
    let now = clock.now();
    if now.timestamp() < WRITTEN {
        return Finding::fail("clock", format!("shows {now}"), "set the time, e.g. with an NTP client");
    }
    let Some(db) = db.filter(|db| db.is_postgres()) else {
        return Finding::ok("clock", format!("shows {}", now.format("%Y-%m-%d %H:%M:%S UTC")));
    };
    match engine::postgres_time(db).await {
        Ok(theirs) => offset(now, theirs, clock.now()),
        Err(error) => Finding::warn(
            "clock",
            format!("cannot be compared: {error}"),
            "see to the database first",
        ),
    }
}

/// Their time was read somewhere between `before` and `after`.
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

pub async fn disk(folder: &Path, least_mb: u64) -> Finding {
    match free_mb(folder).await {
        Some(free) => room(folder, free, least_mb),
        None => Finding::warn(
            "disk",
            format!("the room in {} could not be measured", folder.display()),
            "see that `df` is installed",
        ),
    }
}

fn room(folder: &Path, free: u64, least_mb: u64) -> Finding {
    let what = format!("{free} MB are free in {}", folder.display());
    if free >= least_mb {
        Finding::ok("disk", what)
    } else {
        let what = format!("{what}, and below {least_mb} MB the process reports itself unready");
        Finding::fail(
            "disk",
            what,
            "make room, or lower MAINSTAY_RAW_EVENT_DAYS or MAINSTAY_DISK_FREE_MB",
        )
    }
}

/// Asks `df`, whose `-Pk` form POSIX fixes: the standard library cannot tell.
async fn free_mb(folder: &Path) -> Option<u64> {
    let mut df = tokio::process::Command::new("df");
    let output = df.arg("-Pk").arg(folder).output().await.ok()?;
    available_mb(&String::from_utf8(output.stdout).ok()?)
}

fn available_mb(table: &str) -> Option<u64> {
    let row = table.lines().nth(1)?;
    // The name of the file system may hold spaces; the five columns behind it do not, but the mount point may again.
    let columns: Vec<&str> = row.split_whitespace().collect();
    let percent = columns.iter().position(|word| word.ends_with('%'))?;
    Some(columns.get(percent.checked_sub(1)?)?.parse::<u64>().ok()? / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Health;

    #[test]
    fn the_table_of_df_is_read_by_its_percent_column() {
        let table = |row: &str| format!("Filesystem 1024-blocks Used Available Capacity Mounted on\n{row}\n");
        let plain = "/dev/sda1 263174212 17735448 78424264 19% /";
        assert_eq!(available_mb(&table(plain)), Some(76_586));
        assert_eq!(
            available_mb(&table("my share 2048 1024 1024 50% /mnt/my share")),
            Some(1)
        );
        assert_eq!(available_mb("df: no such folder"), None);
    }

    #[tokio::test]
    async fn the_disk_of_this_machine_can_be_measured() {
        assert_eq!(disk(Path::new("."), 0).await.status, Health::Ok);
        assert_eq!(disk(Path::new("."), u64::MAX).await.status, Health::Fail);
        assert_eq!(disk(Path::new("/no such folder"), 0).await.status, Health::Warn);
    }

    #[test]
    fn clocks_that_differ_are_noticed_whichever_is_ahead() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let after = now + TimeDelta::milliseconds(10);
        for (theirs, expected) in [
            (now + TimeDelta::milliseconds(5), Health::Ok),
            (now - TimeDelta::milliseconds(900), Health::Ok),
            (now - TimeDelta::seconds(5), Health::Warn),
            (now + TimeDelta::seconds(5), Health::Warn),
            (now + TimeDelta::hours(1), Health::Fail),
        ] {
            assert_eq!(offset(now, theirs, after).status, expected, "{theirs}");
        }
    }

    #[tokio::test]
    async fn a_clock_of_long_ago_is_a_failure() {
        let slow = Clock::default();
        slow.advance(TimeDelta::days(-20 * 365));
        assert_eq!(clock(&slow, None).await.status, Health::Fail);
        assert_eq!(clock(&Clock::default(), None).await.status, Health::Ok);
    }
}
