//! The jobs that never end: which there are, and that none is given up.

use mainstay::{
    campaigns::CAMPAIGNS,
    db::Sql,
    domain::{CampaignId, EndpointId, TenantId},
    jobs::QUEUES,
    queue::recurring::{self, RecurringRow, UNTIL_WOKEN},
    records::event_consumers::CONSUMERS,
    webhooks::store::endpoints::ENDPOINT_JOBS,
};
use mainstay_test_macros::{both_databases, both_sizes};

use crate::{
    sending::world::{DEADLINE, World},
    support::{app::TestApp, http::Client, wait::wait_until},
};

/// The recurring queues and their tables.
const RECURRING: &[(&str, &str)] = &[
    ("webhook-deliveries", "endpoint_jobs"),
    ("templates", "template_syncs"),
    ("checks", "channel_checks"),
    ("consumers", "event_consumers"),
    ("campaigns", "campaign_jobs"),
    ("schedules", "schedules"),
];

#[test]
fn the_recurring_queues_are_known() {
    let names: Vec<&str> = QUEUES
        .iter()
        .filter(|queue| queue.is_recurring())
        .map(|queue| queue.name)
        .collect();
    let known: Vec<&str> = RECURRING.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
}

#[both_sizes]
async fn each_runs_though_it_failed_fifty_times(world: World) {
    let app = &world.running.app;
    let (tenant,): (TenantId,) = app.db.sql("SELECT id FROM tenants", ()).one().await.unwrap();
    let now = app.clock.now();
    // The job of an endpoint that is not there has nothing to do.
    let row = RecurringRow::new(app.clock.new_id::<EndpointId>(), tenant);
    let made = recurring::ensure(app.db.writer(), &ENDPOINT_JOBS, &[row], now, now + UNTIL_WOKEN).await;
    assert_eq!(made.unwrap().len(), 1);
    // The job of a paused campaign rests until it is resumed.
    const CAMPAIGN: &str = "
        INSERT INTO campaigns (tenant_id, id, name, status, spec, version, created_at, created_by, updated_at)
        VALUES ($1, $2, 'Autumn', 'paused', '{}', 1, $3, 'operator', $3)";
    let campaign: CampaignId = app.clock.new_id();
    app.db.sql(CAMPAIGN, (tenant, campaign, now)).run().await.unwrap();
    let row = RecurringRow::new(campaign, tenant);
    let made = recurring::ensure(app.db.writer(), &CAMPAIGNS, &[row], now, now + UNTIL_WOKEN).await;
    assert_eq!(made.unwrap().len(), 1);
    // Nothing runs in the queue of consumers where there are none: tests/it/consumers.rs has some.
    for (queue, table) in RECURRING.iter().filter(|(queue, _)| *queue != CONSUMERS.name) {
        let failed =
            format!("UPDATE {table} SET attempts = 50, last_error = 'away', due_at = $1 WHERE state <> 'running'");
        let run = format!(
            "SELECT COUNT(*) FROM {table} WHERE state = 'pending' AND attempts = 0 AND last_error IS NULL AND due_at > $1"
        );
        let all = format!("SELECT COUNT(*) FROM {table}");
        let (now, mut rows) = (app.clock.now(), 0);
        wait_until(DEADLINE, "its rows rest", async || {
            let failed = app.db.sql(Sql::built(failed.clone()), (now,)).run().await.unwrap();
            (rows,) = app.db.sql(Sql::built(all.clone()), ()).one::<(i64,)>().await.unwrap();
            rows > 0 && failed == rows as u64
        })
        .await;
        wait_until(DEADLINE, queue, async || {
            let (count,): (i64,) = app.db.sql(Sql::built(run.clone()), (now,)).one().await.unwrap();
            count == rows
        })
        .await;
    }
    world.end().await;
}

#[both_databases]
async fn a_job_that_keeps_failing_is_measured(test: TestApp) {
    const FAILED: &str = "UPDATE channel_checks SET attempts = 50";
    test.app.db.sql(FAILED, ()).run().await.unwrap();
    // Tests share the recorder, so that another may set the figure in between.
    wait_until(DEADLINE, "it is measured", async || {
        let metrics = Client::of(&test.app).get("/metrics").await.ok().text();
        metrics.contains("mainstay_recurring_job_failing{queue=\"checks\"} 1")
    })
    .await;
}
