//! Campaigns on which nothing moves, and recipients past their retention.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{campaigns, housekeeping};
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::sending::world::World;

const STALLED: &str = "SELECT COUNT(*) FROM events WHERE type = 'campaign.stalled'";

impl World {
    async fn watch(&self) {
        campaigns::watch(&self.running.app.campaigns).await.unwrap();
    }

    /// Lets the watchdog have seen the last movement so long ago.
    async fn last_moved(&self, ago: TimeDelta) -> DateTime<Utc> {
        const SQL: &str = "UPDATE campaigns SET moved_at = $1";
        // Timestamps in the databases have microseconds.
        let now = DateTime::from_timestamp_micros(self.running.app.clock.now().timestamp_micros()).unwrap();
        self.running.app.db.sql(SQL, (now - ago,)).run().await.unwrap();
        now - ago
    }

    /// Launches a campaign for later, and lets its time have passed so long ago without its worker's knowing.
    async fn forgotten(&self, ago: TimeDelta) -> String {
        const SQL: &str = "UPDATE campaigns SET starts_at = $1";
        let id = self.create(self.draft("all")).await;
        let now = self.running.app.clock.now();
        let later = json!({ "starts_at": now + TimeDelta::hours(1) });
        let launched = self.post(&format!("campaigns/{id}/launch"), later).await;
        assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
        self.running.app.db.sql(SQL, (now - ago,)).run().await.unwrap();
        id
    }
}

#[both_sizes]
async fn a_campaign_on_which_nothing_moves_is_told_of_once_until_something_moves(world: World) {
    world.offers().await;
    world.people(2, "all").await;
    let id = world.forgotten(TimeDelta::minutes(1)).await;
    world.watch().await;
    world.last_moved(TimeDelta::seconds(299)).await;
    world.watch().await;
    assert_eq!(world.number(STALLED).await, 0, "five minutes have not passed");
    assert_eq!(world.campaign(&id).await["stalled_since"], Value::Null);
    let since = world.last_moved(TimeDelta::seconds(301)).await;
    tokio::join!(world.watch(), world.watch(), world.watch());
    world.watch().await;
    assert_eq!(world.number(STALLED).await, 1, "once, by however many workers");
    let stalled = world.campaign(&id).await;
    let told: DateTime<Utc> = stalled["stalled_since"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, since, "{stalled:#}");
    // Its worker remembers it.
    const WAKE: &str = "UPDATE campaign_jobs SET due_at = $1, state = 'pending'";
    let now = world.running.app.clock.now();
    world.running.app.db.sql(WAKE, (now,)).run().await.unwrap();
    let completed = world.until_status(&id, "completed").await;
    assert_eq!(completed["stalled_since"], Value::Null, "{completed:#}");
    world.watch().await;
    assert_eq!(world.number(STALLED).await, 1);
    world.end().await;
}

#[both_sizes]
async fn a_campaign_that_waits_for_a_reason_is_not_stalled_and_the_watch_begins_anew_after_it(world: World) {
    world.offers().await;
    world.people(2, "all").await;
    // Meta takes the messages, and its answers are lost.
    for n in 0..2 {
        let to = Some(phone(n).trim_start_matches('+').to_owned());
        world.fault(FaultRule {
            to,
            ..FaultRule::new(Fault::Http {
                status: 503,
                accepted: true,
            })
        });
    }
    let id = world.launch(world.draft("all")).await;
    world
        .until_campaign(&id, "all messages are made", |it| {
            it["waiting_for"] == "answers" || it["waiting_for"] == "provider_unreachable"
        })
        .await;
    world.watch().await;
    world.last_moved(TimeDelta::hours(1)).await;
    let before = world.running.app.clock.now() - TimeDelta::seconds(1);
    world.watch().await;
    assert_eq!(world.number(STALLED).await, 0);
    const MOVED: &str = "SELECT moved_at FROM campaigns";
    let (moved,): (DateTime<Utc>,) = world.running.app.db.reader().sql(MOVED, ()).one().await.unwrap();
    assert!(moved >= before, "the watch begins anew: {moved}");
    world.end().await;
}

#[both_sizes]
async fn recipients_and_rows_go_after_their_time_and_the_report_stays(world: World) {
    world.offers().await;
    let people = 603;
    world.people(people, "all").await;
    world.people(3, "few").await;
    let old = world.launch(world.draft("all")).await;
    world.until_completed(&old).await;
    let fresh = world.launch(world.draft("few")).await;
    world.until_status(&fresh, "completed").await;
    let db = &world.running.app.db;
    const AGE: &str = "UPDATE campaigns SET finished_at = $1 WHERE id = $2";
    let of: mainstay::domain::CampaignId = old.parse().unwrap();
    let (now, days) = (world.running.app.clock.now(), TimeDelta::days);
    let recipients = "SELECT COUNT(*) FROM campaign_recipients";
    db.sql(AGE, (now - days(399), of)).run().await.unwrap();
    housekeeping::clean_up(&world.running.app).await.unwrap();
    assert_eq!(
        world.number(recipients).await,
        people as i64 + 3,
        "400 days have not passed"
    );
    db.sql(AGE, (now - days(401), of)).run().await.unwrap();
    const ROWS: &str = "INSERT INTO campaign_rows (tenant_id, campaign_id, contact_id, params)
        SELECT tenant_id, campaign_id, contact_id, NULL FROM campaign_recipients";
    db.sql(ROWS, ()).run().await.unwrap();
    housekeeping::clean_up(&world.running.app).await.unwrap();
    assert_eq!(world.number(recipients).await, 3, "those of the other campaign stay");
    assert_eq!(world.number("SELECT COUNT(*) FROM campaign_rows").await, 3);
    let cleared = world.campaign(&old).await;
    assert_eq!(
        cleared["progress"]["total"],
        json!(people),
        "the numbers stay: {cleared:#}"
    );
    assert!(cleared["recipients_removed_at"].is_string(), "{cleared:#}");
    for (path, body) in [("recount", json!({})), ("retries", json!({ "classes": ["not_sent"] }))] {
        let refused = world.post(&format!("campaigns/{old}/{path}"), body).await;
        assert_eq!(refused.problem(409), "wrong-state", "{path}");
    }
    let path = format!("/api/v1/campaigns/{old}/recipients/export");
    assert_eq!(world.client.get(&path).await.problem(409), "wrong-state");
    let report = world.client.get(&format!("/api/v1/campaigns/{old}/report")).await;
    assert_eq!(report.ok().json()["progress"]["total"], json!(people));
    world.end().await;
}
