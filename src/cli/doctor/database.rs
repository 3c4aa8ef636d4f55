//! Checks the database.

use std::time::{Duration, Instant};

use super::Finding;
use crate::{
    config::Config,
    db::{Db, INTAKE_CONNECTIONS, MigrateError},
    records::{
        engine::{self, PostgresFacts, SqliteFacts},
        raw_events,
    },
};

const CHECK: &str = "database";
/// Number of probes, of which the median counts.
const PROBES: usize = 9;
/// A slower answer slows down every acknowledgement.
const SLOW: Duration = Duration::from_millis(20);

pub async fn check(db: &Db, config: &Config) -> Vec<Finding> {
    match examine(db, config).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(CHECK, format!("does not answer: {error}"), "see its log")],
    }
}

async fn examine(db: &Db, config: &Config) -> sqlx::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if db.is_postgres() {
        let wanted = config.database_connections + config.database_read_connections + INTAKE_CONNECTIONS;
        postgres(&engine::postgres(db.writer()).await?, wanted, &mut findings);
    } else {
        sqlite(&engine::sqlite(db.writer()).await?, &mut findings);
        findings.extend(not_writable(db).await);
    }
    findings.push(latency(median_probe(db).await?));
    findings.push(match db.pending_migrations().await {
        Ok(pending) => migrations(pending),
        Err(MigrateError::Database(error)) => return Err(error),
        Err(error) => Finding::fail(CHECK, error.to_string(), "set DATABASE_URL to another database"),
    });
    Ok(findings)
}

fn postgres(facts: &PostgresFacts, wanted: u32, findings: &mut Vec<Finding>) {
    let version = format!("PostgreSQL {}", facts.version);
    findings.push(if facts.version_num >= 150_000 {
        Finding::ok(CHECK, version)
    } else {
        Finding::fail(CHECK, version, "use PostgreSQL 15 or later")
    });
    let settings = [
        ("fsync", &facts.fsync),
        ("synchronous_commit", &facts.synchronous_commit),
        ("full_page_writes", &facts.full_page_writes),
    ];
    for (name, _) in settings.iter().filter(|(_, value)| value.as_str() == "off") {
        let what = format!("{name} is off, so a power failure may lose webhooks that were acknowledged");
        findings.push(Finding::fail(CHECK, what, format!("set {name} = on")));
    }
    let free = facts.max_connections - facts.connections;
    if free < i64::from(wanted) {
        let what = format!(
            "{free} of {} connections are free, and a process opens up to {wanted}",
            facts.max_connections
        );
        findings.push(Finding::warn(
            CHECK,
            what,
            "raise max_connections, or lower DATABASE_CONNECTIONS or DATABASE_READ_CONNECTIONS",
        ));
    }
}

fn sqlite(facts: &SqliteFacts, findings: &mut Vec<Finding>) {
    findings.push(Finding::ok(CHECK, format!("SQLite {}", facts.version)));
    if facts.journal_mode != "wal" {
        let what = format!(
            "the journal is {:?} and not \"wal\", so readers stop the writer",
            facts.journal_mode
        );
        findings.push(Finding::fail(
            CHECK,
            what,
            "keep the file on a local disk, not on a network share",
        ));
    }
    if facts.synchronous < 2 {
        let what = "synchronous is not FULL, so a power failure may lose webhooks that were acknowledged";
        findings.push(Finding::fail(CHECK, what, "take PRAGMA settings out of DATABASE_URL"));
    }
}

/// Takes and releases the write lock, which needs a writable file.
async fn not_writable(db: &Db) -> Option<Finding> {
    let error = db.begin().await.err()?;
    let cure = "let this user write the file and its folder, and see that no other program holds it locked";
    Some(Finding::fail(CHECK, format!("cannot be written: {error}"), cure))
}

async fn median_probe(db: &Db) -> sqlx::Result<Duration> {
    let mut taken = [Duration::ZERO; PROBES];
    for taken in &mut taken {
        let start = Instant::now();
        raw_events::probe(db.writer()).await?;
        *taken = start.elapsed();
    }
    taken.sort_unstable();
    Ok(taken[PROBES / 2])
}

fn latency(median: Duration) -> Finding {
    let what = format!("answers in {:.2} ms", median.as_secs_f64() * 1e3);
    if median < SLOW {
        Finding::ok(CHECK, what)
    } else {
        let cure = "run api and worker near it: every acknowledgement waits for it";
        Finding::warn(CHECK, what, cure)
    }
}

fn migrations(pending: usize) -> Finding {
    match pending {
        0 => Finding::ok(CHECK, "every migration is applied"),
        n => Finding::fail(
            CHECK,
            format!("{n} migrations are not applied"),
            "run `mainstay migrate`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::doctor::finding::FindingStatus, db::Scratch};

    fn failures(findings: &[Finding]) -> Vec<&str> {
        let not_ok = findings.iter().filter(|finding| finding.status != FindingStatus::Ok);
        not_ok.map(|finding| finding.what.as_str()).collect()
    }

    #[tokio::test]
    async fn a_database_opened_by_us_is_well() {
        let db = Scratch::migrated().await;
        let mut findings = Vec::new();
        sqlite(&engine::sqlite(db.writer()).await.unwrap(), &mut findings);
        findings.extend(not_writable(&db).await);
        assert_eq!(failures(&findings), Vec::<&str>::new());
        assert_eq!(
            migrations(db.pending_migrations().await.unwrap()).status,
            FindingStatus::Ok
        );
    }

    #[tokio::test]
    async fn a_database_without_tables_lacks_its_migrations() {
        let db = Scratch::empty().await;
        assert_eq!(
            migrations(db.pending_migrations().await.unwrap()).status,
            FindingStatus::Fail
        );
    }

    #[test]
    fn settings_that_lose_what_was_acknowledged_are_failures() {
        let mut findings = Vec::new();
        let facts = SqliteFacts {
            version: "3.50.0".to_owned(),
            journal_mode: "delete".to_owned(),
            synchronous: 1,
        };
        sqlite(&facts, &mut findings);
        assert_eq!(failures(&findings).len(), 2);

        findings.clear();
        let mut facts = PostgresFacts {
            version_num: 150_008,
            version: "15.8".to_owned(),
            fsync: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            max_connections: 100,
            connections: 12,
        };
        postgres(&facts, 10, &mut findings);
        assert_eq!(failures(&findings), Vec::<&str>::new());

        findings.clear();
        facts.version_num = 140_001;
        facts.fsync = "off".to_owned();
        facts.synchronous_commit = "off".to_owned();
        facts.connections = 95;
        postgres(&facts, 10, &mut findings);
        assert_eq!(failures(&findings).len(), 4);
    }

    #[test]
    fn a_slow_answer_is_a_warning() {
        assert_eq!(latency(Duration::from_millis(1)).status, FindingStatus::Ok);
        assert_eq!(latency(Duration::from_millis(90)).status, FindingStatus::Warn);
    }
}
