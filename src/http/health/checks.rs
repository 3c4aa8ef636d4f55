use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use crate::{app::App, db::sqlite_file, records::raw_events};

/// The longest a check may take.
const LIMIT: Duration = Duration::from_secs(2);
/// A webhook that was due for longer shows that the workers do not keep up, or that there are none.
const LAG_SECONDS: f64 = 60.0;

/// From good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthStatus)]
pub enum State {
    Ok,
    Degraded,
    Failing,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Database {
    pub status: State,
    pub millis: f64,
    /// Migrations the running version wants and the database lacks; null when it did not answer.
    #[schema(required)]
    pub pending_migrations: Option<usize>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Redis {
    pub status: State,
    pub millis: f64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QueueLag {
    pub status: State,
    /// For how long the oldest webhook due has been so; null when the database did not answer.
    #[schema(required)]
    pub seconds: Option<f64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Disk {
    pub status: State,
    /// Where the database file is; on PostgreSQL where the process runs.
    #[schema(required)]
    pub free_mb: Option<u64>,
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1_000.0
}

pub async fn database(app: &App) -> Database {
    let began = Instant::now();
    let pending = timeout(LIMIT, app.db.pending_migrations()).await;
    let pending = pending.ok().and_then(Result::ok);
    Database {
        status: if pending == Some(0) { State::Ok } else { State::Failing },
        millis: millis(began),
        pending_migrations: pending,
    }
}

pub async fn redis(app: &App) -> Option<Redis> {
    app.config.redis.as_ref()?;
    let began = Instant::now();
    let answered = matches!(timeout(LIMIT, app.queues.ping()).await, Ok(Ok(())));
    Some(Redis {
        status: if answered { State::Ok } else { State::Degraded },
        millis: millis(began),
    })
}

pub async fn queue_lag(app: &App) -> QueueLag {
    let due = timeout(LIMIT, raw_events::oldest_due(app.db.reader())).await;
    let seconds = due.ok().and_then(Result::ok).map(|due| {
        let late = due.map_or(chrono::TimeDelta::zero(), |due| app.clock.now() - due);
        late.as_seconds_f64().max(0.0)
    });
    QueueLag {
        status: match seconds {
            Some(seconds) if seconds <= LAG_SECONDS => State::Ok,
            _ => State::Degraded,
        },
        seconds,
    }
}

/// With PostgreSQL the data is elsewhere, and a full disk here stops nothing but what others write to it.
pub async fn disk(app: &App) -> Disk {
    let folder = folder(&app.config.database_url);
    let bad = if app.config.is_postgres() {
        State::Degraded
    } else {
        State::Failing
    };
    let asked = tokio::task::spawn_blocking(move || free_mb(&folder));
    let free_mb = timeout(LIMIT, asked).await.ok().and_then(Result::ok).flatten();
    Disk {
        status: match free_mb {
            Some(free) if free >= app.config.limits.disk_free_mb => State::Ok,
            Some(_) => bad,
            None => State::Degraded,
        },
        free_mb,
    }
}

fn folder(database_url: &str) -> PathBuf {
    let file = sqlite_file(database_url);
    match file.as_deref().and_then(Path::parent) {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn free_mb(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize) / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_looked_at_is_the_one_the_database_file_is_on() {
        for (url, expected) in [
            ("sqlite://data/mainstay.db", "data"),
            ("sqlite:///var/lib/mainstay/m.db?mode=rwc", "/var/lib/mainstay"),
            ("sqlite://mainstay.db", "."),
            ("postgres://user@host/name", "."),
        ] {
            assert_eq!(folder(url), Path::new(expected), "{url}");
        }
        assert!(free_mb(Path::new("/")).is_some_and(|free| free > 0));
        assert_eq!(free_mb(Path::new("/no/such/folder")), None);
    }

    #[test]
    fn the_worst_check_decides() {
        assert!(State::Ok < State::Degraded && State::Degraded < State::Failing);
    }
}
