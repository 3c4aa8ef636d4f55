//! Migrations: forward only, expand then contract, one text for both databases where they agree and one for each where not.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

pub use sqlx::migrate::MigrateError;

use super::Db;

struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! shared {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            name: $file,
            sqlite: include_str!(concat!("../../migrations/", $file, ".sql")),
            postgres: include_str!(concat!("../../migrations/", $file, ".sql")),
        }
    };
}
macro_rules! each {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            name: $file,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
        }
    };
}
/// A migration that SQLite does not need.
macro_rules! postgres {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            name: $file,
            sqlite: "SELECT 1;",
            postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
        }
    };
}

/// One text for both, with row-level security as a second one on PostgreSQL.
macro_rules! isolated {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            name: $file,
            sqlite: include_str!(concat!("../../migrations/", $file, ".sql")),
            postgres: concat!(
                include_str!(concat!("../../migrations/", $file, ".sql")),
                include_str!(concat!("../../migrations/postgres/", $file, "_isolation.sql"))
            ),
        }
    };
}

const STEPS: &[Step] = &[
    shared!(1, "0001_tenants"),
    each!(2, "0002_raw_events"),
    shared!(3, "0003_queues"),
    shared!(4, "0004_conversations"),
    shared!(5, "0005_events"),
    each!(6, "0006_tenant_isolation"),
    each!(7, "0007_search"),
    each!(8, "0008_search_by_kind"),
    isolated!(9, "0009_media"),
    isolated!(10, "0010_sending"),
    isolated!(11, "0011_templates"),
    isolated!(12, "0012_sending_rules"),
    isolated!(13, "0013_subscriptions"),
    shared!(14, "0014_windows"),
    shared!(15, "0015_lean_sends"),
    shared!(16, "0016_event_places"),
    shared!(17, "0017_shared_portfolios"),
    shared!(18, "0018_answers"),
    isolated!(19, "0019_channel_checks"),
    shared!(20, "0020_job_markers"),
    isolated!(21, "0021_app_secrets"),
    isolated!(22, "0022_quotas"),
    shared!(23, "0023_group_authors"),
    postgres!(24, "0024_room_for_updates"),
    postgres!(25, "0025_states"),
    isolated!(26, "0026_recurring_jobs"),
    shared!(27, "0027_actors"),
];

/// Returns all migrations for PostgreSQL or SQLite.
pub fn migrations(postgres: bool) -> Migrator {
    let migration = |step: &Step| {
        let sql = if postgres { step.postgres } else { step.sqlite };
        Migration::new(
            step.version,
            step.name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(STEPS.iter().map(migration).collect())
}

impl Db {
    /// Runs pending migrations. Safe to call from several processes at once.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        match self {
            Db::Sqlite { write, .. } => migrations(false).run(write).await,
            Db::Postgres { pool, .. } => migrations(true).run(pool).await,
        }
    }

    /// Returns the number of migrations not yet applied.
    pub async fn pending_migrations(&self) -> sqlx::Result<usize> {
        const SQL: &str = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
        let applied: sqlx::Result<(i64,)> = self.reader().sql(SQL, ()).one().await;
        match applied {
            Ok((count,)) => Ok(STEPS.len().saturating_sub(usize::try_from(count).unwrap_or(0))),
            Err(sqlx::Error::Database(error)) if error.message().contains("_sqlx_migrations") => Ok(STEPS.len()),
            Err(error) => Err(error),
        }
    }
}
