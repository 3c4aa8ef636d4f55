//! The checks behind the health routes: database, Redis, queues, provider and disk.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::sqlite_file,
    messaging::store::sends,
    provider::ApiOutage,
    queue::admin::{self, PausedQueue},
    records::raw_events,
};

/// Time limit of one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Age in seconds of the oldest due webhook beyond which workers are missing or do not keep up.
const MAX_LAG_SECONDS: f64 = 60.0;

/// The outcome of a check, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckStatus {
    Ok,
    Degraded,
    Failing,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Database)]
pub(crate) struct DatabaseCheck {
    pub status: CheckStatus,
    pub millis: f64,
    /// Pending migrations of the running version; null when the database did not answer.
    #[schema(required)]
    pub pending_migrations: Option<usize>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Redis)]
pub(crate) struct RedisCheck {
    pub status: CheckStatus,
    pub millis: f64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = QueueLag)]
pub(crate) struct QueueLagCheck {
    pub status: CheckStatus,
    /// For how long the oldest due webhook has been due; null when the database did not answer.
    #[schema(required)]
    pub seconds: Option<f64>,
}

/// Whether calls to Meta succeed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderReachability)]
pub(crate) struct ProviderCheck {
    /// `degraded` while the calls of this process get no answer, or messages wait because there was no connection.
    pub status: CheckStatus,
    /// Since when calls fail; null while they succeed.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    /// Why the latest call of this process failed; null while they succeed, and where another process makes them.
    #[schema(required)]
    pub error: Option<String>,
}

/// Whether queues are paused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PausedQueues)]
pub(crate) struct PausedQueuesCheck {
    pub status: CheckStatus,
    /// The queues that the operator has paused; null when the database did not answer.
    #[schema(required)]
    pub paused: Option<Vec<PausedQueue>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Disk)]
pub(crate) struct DiskCheck {
    pub status: CheckStatus,
    /// Free space of the disk with the database file; on PostgreSQL of the one where the process runs.
    #[schema(required)]
    pub free_mb: Option<u64>,
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1_000.0
}

pub async fn database(app: &App) -> DatabaseCheck {
    let began = Instant::now();
    let pending = timeout(CHECK_TIMEOUT, app.db.pending_migrations()).await;
    let pending = pending.ok().and_then(Result::ok);
    DatabaseCheck {
        status: if pending == Some(0) {
            CheckStatus::Ok
        } else {
            CheckStatus::Failing
        },
        millis: millis(began),
        pending_migrations: pending,
    }
}

pub async fn redis(app: &App) -> Option<RedisCheck> {
    app.config.redis.as_ref()?;
    let began = Instant::now();
    let answered = matches!(timeout(CHECK_TIMEOUT, app.queues.ping()).await, Ok(Ok(())));
    Some(RedisCheck {
        status: if answered {
            CheckStatus::Ok
        } else {
            CheckStatus::Degraded
        },
        millis: millis(began),
    })
}

pub async fn queue_lag(app: &App) -> QueueLagCheck {
    let due = timeout(CHECK_TIMEOUT, raw_events::oldest_due(app.db.reader())).await;
    let seconds = due.ok().and_then(Result::ok).map(|due| {
        let late = due.map_or(chrono::TimeDelta::zero(), |due| app.clock.now() - due);
        late.as_seconds_f64().max(0.0)
    });
    QueueLagCheck {
        status: match seconds {
            Some(seconds) if seconds <= MAX_LAG_SECONDS => CheckStatus::Ok,
            _ => CheckStatus::Degraded,
        },
        seconds,
    }
}

/// Checks whether the provider answers: by the calls of this process, and by the messages that any process could not send.
pub async fn provider(app: &App) -> ProviderCheck {
    let outage = app.messaging.providers.outage();
    let waiting = timeout(CHECK_TIMEOUT, sends::unreachable_since(app.db.reader())).await;
    let waiting = waiting.ok().and_then(Result::ok).flatten();
    let lasted = |outage: &ApiOutage| TimeDelta::microseconds(i64::try_from(outage.lasted.as_micros()).unwrap_or(0));
    let seen = outage.as_ref().map(|outage| app.clock.now() - lasted(outage));
    let since = seen.into_iter().chain(waiting).min();
    ProviderCheck {
        status: if since.is_none() {
            CheckStatus::Ok
        } else {
            CheckStatus::Degraded
        },
        since,
        error: outage.map(|outage| outage.why),
    }
}

pub async fn paused_queues(app: &App) -> PausedQueuesCheck {
    let paused = timeout(CHECK_TIMEOUT, admin::paused(&app.db)).await;
    let paused = paused.ok().and_then(Result::ok);
    PausedQueuesCheck {
        status: if paused.as_ref().is_some_and(Vec::is_empty) {
            CheckStatus::Ok
        } else {
            CheckStatus::Degraded
        },
        paused,
    }
}

/// Checks the free disk space. With PostgreSQL the data is elsewhere, and a full disk here degrades only what is written to it.
pub async fn disk(app: &App) -> DiskCheck {
    let bad = if app.config.is_postgres() {
        CheckStatus::Degraded
    } else {
        CheckStatus::Failing
    };
    let free_mb = free_disk_mb(app).await;
    DiskCheck {
        status: match free_mb {
            Some(free) if free >= app.config.limits.disk_free_mb => CheckStatus::Ok,
            Some(_) => bad,
            None => CheckStatus::Degraded,
        },
        free_mb,
    }
}

/// Returns the free space of the disk with the database file, in megabytes; on PostgreSQL of the one where the process runs.
pub async fn free_disk_mb(app: &App) -> Option<u64> {
    let folder = folder(&app.config.database_url);
    let asked = tokio::task::spawn_blocking(move || free_mb(&folder));
    timeout(CHECK_TIMEOUT, asked).await.ok().and_then(Result::ok).flatten()
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
        assert!(CheckStatus::Ok < CheckStatus::Degraded && CheckStatus::Degraded < CheckStatus::Failing);
    }
}
