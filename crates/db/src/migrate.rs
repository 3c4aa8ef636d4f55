//! Migrations: forward only, expand then contract, one text for both databases.
//!
//! A comment `/*postgres …*/` in a text is SQL for PostgreSQL alone, such as a `CHECK`.

use sqlx::{
    AssertSqlSafe, SqlSafeStr, SqlStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::Db;

/// A migration. Its version is its position, from 1.
struct Step {
    /// The version in four digits, and the subject.
    name: &'static str,
    text: &'static str,
    /// Long statements for PostgreSQL alone, after the others.
    postgres: &'static str,
}

macro_rules! baseline {
    ($($subject:literal),*) => {
        concat!($(include_str!(concat!("../../../migrations/0001_baseline/", $subject, ".sql"))),*)
    };
}

const STEPS: &[Step] = &[
    Step {
        name: "0001_baseline",
        text: baseline!(
            "tenants",
            "channels",
            "queues",
            "raw_events",
            "contacts",
            "messages",
            "media",
            "sending",
            "templates",
            "events",
            "endpoints"
        ),
        postgres: include_str!("../../../migrations/0001_baseline/postgres.sql"),
    },
    Step {
        name: "0002_message_references",
        text: include_str!("../../../migrations/0002_message_references.sql"),
        postgres: "",
    },
    Step {
        name: "0003_operator",
        text: include_str!("../../../migrations/0003_operator.sql"),
        postgres: "",
    },
    Step {
        name: "0004_provider_unreachable",
        text: include_str!("../../../migrations/0004_provider_unreachable.sql"),
        postgres: "",
    },
    Step {
        name: "0005_contacts",
        text: include_str!("../../../migrations/0005_contacts.sql"),
        postgres: include_str!("../../../migrations/0005_contacts.postgres.sql"),
    },
    Step {
        name: "0006_retention",
        text: include_str!("../../../migrations/0006_retention.sql"),
        postgres: "",
    },
    Step {
        name: "0007_campaigns",
        text: include_str!("../../../migrations/0007_campaigns.sql"),
        postgres: include_str!("../../../migrations/0007_campaigns.postgres.sql"),
    },
    Step {
        name: "0008_send_at",
        text: include_str!("../../../migrations/0008_send_at.sql"),
        postgres: "",
    },
    Step {
        name: "0009_verifications",
        text: include_str!("../../../migrations/0009_verifications.sql"),
        postgres: "",
    },
    Step {
        name: "0010_schedules",
        text: include_str!("../../../migrations/0010_schedules.sql"),
        postgres: "",
    },
    Step {
        name: "0011_dead_letters",
        text: include_str!("../../../migrations/0011_dead_letters.sql"),
        postgres: "",
    },
    Step {
        name: "0012_campaign_schedules",
        text: include_str!("../../../migrations/0012_campaign_schedules.sql"),
        postgres: "",
    },
    Step {
        name: "0013_campaign_rows",
        text: include_str!("../../../migrations/0013_campaign_rows.sql"),
        postgres: include_str!("../../../migrations/0013_campaign_rows.postgres.sql"),
    },
    Step {
        name: "0014_preflights",
        text: include_str!("../../../migrations/0014_preflights.sql"),
        postgres: "",
    },
    Step {
        name: "0015_campaign_watch",
        text: include_str!("../../../migrations/0015_campaign_watch.sql"),
        postgres: "",
    },
];

impl Step {
    fn sql(&self, postgres: bool) -> SqlStr {
        if !postgres {
            return self.text.into_sql_str();
        }
        let text = self.text.replace("/*postgres", "").replace("*/", "");
        AssertSqlSafe(text + self.postgres).into_sql_str()
    }
}

/// The reason why a database cannot be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "this database was made before 0.1.0 and cannot be migrated: begin with an empty database, or keep the version that made it"
    )]
    BeforeBaseline,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Returns all migrations for PostgreSQL or SQLite.
pub fn migrations(postgres: bool) -> Migrator {
    let migration = |(version, step): (i64, &Step)| {
        let sql = step.sql(postgres);
        Migration::new(version, step.name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations((1..).zip(STEPS).map(migration).collect())
}

impl Db {
    /// Runs pending migrations. Safe to call from several processes at once.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        self.pending_migrations().await?;
        match self {
            Db::Sqlite { write, .. } => migrations(false).run(write).await?,
            Db::Postgres { pool, .. } => migrations(true).run(pool).await?,
        }
        Ok(())
    }

    /// Returns the number of migrations not yet applied.
    pub async fn pending_migrations(&self) -> Result<usize, MigrateError> {
        const SQL: &str = "
            SELECT COUNT(*), (SELECT description FROM _sqlx_migrations WHERE version = 1)
            FROM _sqlx_migrations WHERE success";
        let applied: sqlx::Result<(i64, Option<String>)> = self.reader().sql(SQL, ()).one().await;
        match applied {
            Ok((_, Some(first))) if first != STEPS[0].name => Err(MigrateError::BeforeBaseline),
            Ok((count, _)) => Ok(STEPS.len().saturating_sub(usize::try_from(count).unwrap_or(0))),
            Err(sqlx::Error::Database(error)) if error.message().contains("_sqlx_migrations") => Ok(STEPS.len()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

    #[test]
    fn names_begin_with_contiguous_numbers() {
        for (version, step) in (1..).zip(STEPS) {
            let number = step.name.split('_').next().unwrap();
            assert_eq!(number, format!("{version:04}"), "{}", step.name);
        }
    }

    #[test]
    fn comments_in_blocks_are_for_postgres() {
        for step in STEPS {
            let mut blocks = step.text.split("/*").skip(1);
            assert!(blocks.all(|it| it.starts_with("postgres")), "{}", step.name);
        }
    }

    #[tokio::test]
    async fn a_database_from_before_the_baseline_is_refused() {
        let db = Scratch::migrated().await;
        let sql = "UPDATE _sqlx_migrations SET description = '0001_tenants' WHERE version = 1";
        db.sql(sql, ()).run().await.unwrap();
        for refused in [db.migrate().await.err(), db.pending_migrations().await.err()] {
            let refusal = refused.expect("it is refused").to_string();
            assert!(refusal.starts_with("this database was made before 0.1.0"), "{refusal}");
        }
    }
}
