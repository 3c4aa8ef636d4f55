//! Dead jobs of three queues.

use chrono::{DateTime, Utc};
use mainstay::{
    app::App,
    clock::uuid_at,
    db::{Rows, Sql},
    queue::dead_letters::{DeadLetterStats, dead_letter_stats},
};

use crate::support::{app::TestApp, http::Client};

/// The queues and their tables, with the condition on their rows.
pub const QUEUES: [(&str, &str, &str); 3] = [
    ("inbound", "raw_events", "TRUE"),
    ("media_variants", "media_files", "TRUE"),
    ("segment-counts", "tasks", "kind = 'segment_count'"),
];

/// Stores dead jobs in each of the three queues.
pub async fn store(test: &TestApp, count: usize) {
    const RAW: &str = "
        WITH r (id, at) AS ({rows})
        INSERT INTO raw_events (id, received_at, digest, body, state, attempts, due_at, last_error, finished_at)
        SELECT id, at, '', '', 'dead', 10, at, 'a fault', at FROM r";
    const FILES: &str = "
        WITH r (id, tenant_id, digest, at) AS ({rows})
        INSERT INTO media_files (id, tenant_id, digest, size, created_at, state, attempts, due_at, last_error, finished_at)
        SELECT id, tenant_id, digest, 1, at, 'dead', 5, at, 'a fault', at FROM r";
    const TASKS: &str = "
        WITH r (id, tenant_id, at) AS ({rows})
        INSERT INTO tasks (id, tenant_id, kind, spec, created_at, created_by, state, attempts, due_at, last_error, finished_at)
        SELECT id, tenant_id, 'segment_count', '{}', at, 'system', 'dead', 10, at, 'a fault', at FROM r";
    let now = test.app.clock.now();
    let mut tx = test.app.db.begin().await.unwrap();
    let ids: Vec<uuid::Uuid> = (0..count).map(|_| uuid_at(now)).collect();
    let tenant: uuid::Uuid = test.tenant.into();
    let raw = ids.iter().map(|id| (*id, now)).collect();
    Rows::new(RAW, raw).run(tx.on()).await.unwrap();
    let files = ids
        .iter()
        .map(|id| (*id, tenant, id.as_bytes().to_vec(), now))
        .collect();
    Rows::new(FILES, files).run(tx.on()).await.unwrap();
    let tasks = ids.iter().map(|id| (*id, tenant, now)).collect();
    Rows::new(TASKS, tasks).run(tx.on()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Runs a statement on the rows of each queue: `{t}` is its table, `{of}` the condition on its rows.
pub async fn on_each(app: &App, sql: &str, now: DateTime<Utc>) {
    for (_, table, of) in QUEUES {
        let sql = sql.replace("{t}", table).replace("{of}", of);
        app.db.sql(Sql::built(sql), (now,)).run().await.unwrap();
    }
}

/// Counts the rows of each queue that fit.
pub async fn count_each(app: &App, condition: &str) -> [i64; 3] {
    let mut counts = [0; 3];
    for (count, (_, table, of)) in counts.iter_mut().zip(QUEUES) {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {of} AND {condition}");
        (*count,) = app.db.sql(Sql::built(sql), ()).one().await.unwrap();
    }
    counts
}

/// What pending jobs of the three queues do: they die again.
pub async fn die(app: &App) {
    const DIE: &str = "
        UPDATE {t} SET state = 'dead', attempts = 10, last_error = 'a fault', finished_at = $1
        WHERE {of} AND state = 'pending'";
    on_each(app, DIE, app.clock.now()).await;
}

/// Reads the figures of the three queues, and checks that they add up with the rows.
pub async fn figures(app: &App) -> Vec<DeadLetterStats> {
    let mut all = Vec::new();
    for (name, ..) in QUEUES {
        let queue = mainstay::jobs::QUEUES.iter().find(|queue| queue.name == name).unwrap();
        all.push(dead_letter_stats(&app.db, queue).await.unwrap());
    }
    let dead = count_each(app, "state = 'dead' AND archived_at IS NULL").await;
    let archived = count_each(app, "state = 'dead' AND archived_at IS NOT NULL").await;
    let again = count_each(app, "state IN ('dead', 'discarded') AND revivals BETWEEN 1 AND 99").await;
    for (n, it) in all.iter().enumerate() {
        assert_eq!((it.dead, it.archived), (dead[n], archived[n]), "{it:?}");
        assert_eq!(it.revived, it.recovered + it.retrying + again[n], "{it:?}");
        let of_errors: i64 = it.errors.iter().map(|error| error.jobs).sum();
        assert_eq!(of_errors, it.dead + it.archived, "{it:?}");
    }
    all
}

pub fn operator(test: &TestApp) -> Client {
    Client::operator(&test.app)
}
