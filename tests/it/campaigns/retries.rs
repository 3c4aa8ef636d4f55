//! Campaigns to those whose message of another campaign failed.

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::sending::world::World;

const BAD_PARAMETERS: i64 = 132_000;
const UNDELIVERABLE: i64 = 131_026;

impl World {
    async fn retry(&self, id: &str, classes: Value) -> Value {
        let made = self
            .post(&format!("campaigns/{id}/retries"), json!({ "classes": classes }))
            .await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text());
        made.json()
    }

    async fn until_over(&self, id: &str) -> Value {
        let launched = self.post(&format!("campaigns/{id}/launch"), json!({})).await;
        assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
        self.until_status(id, "completed").await
    }

    /// A campaign to six people, of whom two fail for their parameters and one because nothing reaches them; half an hour ago.
    async fn failed_campaign(&self) -> String {
        self.offers().await;
        self.people(6, "all").await;
        for (n, code) in [(1, BAD_PARAMETERS), (2, UNDELIVERABLE), (4, BAD_PARAMETERS)] {
            let to = Some(phone(n).trim_start_matches('+').to_owned());
            self.fault(FaultRule {
                to,
                ..FaultRule::new(Fault::failed(code))
            });
        }
        let id = self.launch(self.draft("all")).await;
        self.until_campaign(&id, "three have failed", |it| {
            it["status"] == "completed" && it["progress"]["failed"] == 3
        })
        .await;
        self.simulator.graph().lift_all();
        id
    }

    /// Lets half an hour pass for what has failed.
    async fn let_settle(&self) {
        let db = &self.running.app.db;
        let at = chrono::Utc::now() - chrono::TimeDelta::minutes(30);
        for sql in [
            "UPDATE campaigns SET finished_at = $1",
            "UPDATE message_statuses SET received_at = $1",
        ] {
            db.sql(sql, (at,)).run().await.unwrap();
        }
    }
}

#[both_sizes]
async fn those_who_failed_are_written_to_again_once(world: World) {
    let id = world.failed_campaign().await;
    let early = world.retry(&id, json!(["template"])).await;
    assert_eq!(
        early["retry_of"],
        json!({ "campaign_id": id, "classes": ["template"] }),
        "{early:#}"
    );
    let early = world.until_over(early["id"].as_str().unwrap()).await;
    assert_eq!(early["progress"]["total"], 0, "they have failed just now: {early:#}");
    world.let_settle().await;
    let (one, other) = (
        world.retry(&id, json!(["template"])).await,
        world.retry(&id, json!(["template", "pair"])).await,
    );
    let (one, other) = (one["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    let (one, other) = tokio::join!(world.until_over(one), world.until_over(other));
    let totals = [&one, &other].map(|it| it["progress"]["total"].as_i64().unwrap());
    assert_eq!(totals[0] + totals[1], 2, "they share nobody: {one:#} {other:#}");
    let accepted: Vec<u32> = (0..6).map(|n| world.accepted_for(&phone(n))).collect();
    assert_eq!(accepted, [1, 2, 1, 1, 2, 1]);
    world.end().await;
}

#[both_sizes]
async fn who_got_it_or_cannot_get_it_is_not_written_to_again(world: World) {
    let id = world.failed_campaign().await;
    world.let_settle().await;
    let classes = json!([
        "throughput",
        "pair",
        "maintenance",
        "app_limit",
        "media",
        "marketing_cap",
        "request",
        "token",
        "account",
        "spam",
        "not_sent"
    ]);
    let others = world.retry(&id, classes).await;
    let others = world.until_over(others["id"].as_str().unwrap()).await;
    assert_eq!(others["progress"]["total"], 0, "{others:#}");
    for bad in [json!(["undeliverable"]), json!([])] {
        let refused = world
            .post(&format!("campaigns/{id}/retries"), json!({ "classes": bad }))
            .await;
        assert_eq!(refused.status.as_u16(), 422, "{}", refused.text());
    }
    for (member, value) in [
        ("audience", json!({ "tag": "all" })),
        ("exclude", json!([{ "tag": "all" }])),
    ] {
        let follow_up = world.retry(&id, json!(["pair"])).await;
        let path = format!("/api/v1/campaigns/{}", follow_up["id"].as_str().unwrap());
        let refused = world.client.patch(&path, json!({ member: value })).await;
        assert_eq!(refused.json()["field"], member, "{}", refused.text());
    }
    let draft = world.create(world.draft("all")).await;
    let refused = world
        .post(&format!("campaigns/{draft}/retries"), json!({ "classes": ["pair"] }))
        .await;
    assert_eq!(refused.problem(409), "wrong-state");
    world.end().await;
}
