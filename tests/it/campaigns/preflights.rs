//! Preflights: what they find is what the freeze does.

use std::{collections::BTreeMap, task::Poll};

use chrono::TimeDelta;
use mainstay::{
    campaigns::{self, PREFLIGHTS},
    domain::{Id, TaskId},
    queue,
};
use mainstay_sim::{Category, TemplateSeed};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::{TestApp, WABA},
        http::Client,
        wait::wait_until,
    },
};

impl World {
    /// Runs a preflight, and returns it.
    pub(super) async fn preflight(&self, id: &str, body: Value) -> Value {
        let path = format!("campaigns/{id}/preflight");
        let asked = self.post(&path, body).await;
        assert_eq!(asked.status.as_u16(), 202, "{}", asked.text());
        let path = format!("/api/v1/{path}");
        let mut last = Value::Null;
        wait_until(DEADLINE, "the preflight is over", async || {
            last = self.client.get(&path).await.ok().json();
            !["waiting", "running"].contains(&last["state"].as_str().unwrap())
        })
        .await;
        last
    }

    /// People of whom some may not be written to, for every reason that a freeze knows.
    async fn mixed_people(&self) -> Vec<String> {
        self.post("contact-fields", json!({ "key": "city", "type": "text" }))
            .await;
        let city = json!({ "city": "Pune" });
        let zoned =
            |n: usize, zone: &str| json!({ "phone": phone(n), "time_zone": zone, "tags": ["all"], "fields": city });
        let mut people = vec![
            json!({ "phone": phone(0), "tags": ["all"], "fields": city }),
            json!({ "phone": phone(1), "tags": ["all"], "fields": {} }),
            json!({ "phone": phone(2), "tags": ["all"], "fields": city }),
            json!({ "phone": phone(3), "tags": ["all"], "fields": city }),
            json!({ "external_id": "no-number", "tags": ["all"], "fields": city }),
            json!({ "phone": phone(5), "language": "es", "tags": ["all"], "fields": city }),
            json!({ "phone": phone(6), "tags": ["all", "rivals"], "fields": city }),
            zoned(7, "Pacific/Kiritimati"),
        ];
        people.extend((10..1_100).map(|n| zoned(n, "Pacific/Pago_Pago")));
        let ids = self.contacts(people).await;
        let consent = |status: &str| json!({ "purpose": "marketing", "status": status, "source": "form", "evidence": { "form": 1 } });
        for (n, status) in [(2, "revoked"), (0, "granted")] {
            let answer = self
                .post(&format!("contacts/{}/consents", ids[n]), consent(status))
                .await;
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        const BLOCK: &str = "
            INSERT INTO blocks (tenant_id, channel_id, contact_id, created_at)
            SELECT tenant_id, $1, id, created_at FROM contacts WHERE id = $2";
        let contact: mainstay::domain::ContactId = ids[3].parse().unwrap();
        let db = &self.running.app.db;
        db.sql(BLOCK, (self.channel, contact)).run().await.unwrap();
        ids
    }
}

#[both_sizes]
async fn a_preflight_finds_what_the_freeze_does(world: World) {
    world.offers().await;
    let ids = world.mixed_people().await;
    let mut draft = world.draft("all");
    draft["exclude"] = json!([{ "tag": "rivals" }]);
    draft["variables"] = json!({ "body.1": { "field": "fields.city" } });
    draft["rate_per_second"] = json!(10);
    let id = world.create(draft).await;
    // Where the day began first, the time has passed for hours when it begins last.
    let now = mainstay::clock::Clock::default().now();
    let local = (now + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S").to_string();
    let time = json!({ "local_time": local, "time_zone": "recipient", "fallback_time_zone": "Pacific/Pago_Pago", "missed": "skip" });
    let found = world.preflight(&id, time.clone()).await;
    assert_eq!(found["state"], "completed", "{found:#}");
    assert_eq!(
        (&found["is_current"], &found["templates"][0]["status"]),
        (&json!(true), &json!("APPROVED")),
        "{found:#}"
    );
    let result = &found["result"];
    assert_eq!(world.number("SELECT COUNT(*) FROM campaign_recipients").await, 0);
    let suppressed = result["suppressed"].as_object().unwrap();
    let counts = |reasons: &[&str]| -> BTreeMap<String, i64> {
        reasons
            .iter()
            .map(|it| ((*it).to_owned(), suppressed[*it]["count"].as_i64().unwrap()))
            .collect()
    };
    let reasons: Vec<&str> = suppressed.keys().map(String::as_str).collect();
    assert_eq!(suppressed["opted_out"]["contacts"], json!([ids[2]]), "{found:#}");
    assert_eq!(result["variables_missing"], json!({ "body.1": 1 }));
    assert_eq!(
        result["without_opt_in"].as_i64().unwrap() + 1,
        result["recipients"].as_i64().unwrap(),
        "{found:#}"
    );
    assert_eq!(found["daily_limits"][0]["recipients"], result["recipients"]);
    assert!(result["seconds"].as_f64().unwrap() >= result["recipients"].as_f64().unwrap() / 10.0);
    let mut launch = time;
    launch["preflight"] = result["digest"].clone();
    let launched = world.post(&format!("campaigns/{id}/launch"), launch).await;
    assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
    let campaign = world
        .until_campaign(&id, "all are frozen", |it| it["frozen_at"].is_string())
        .await;
    assert_eq!(campaign["progress"]["total"], result["audience"], "{campaign:#}");
    const REASONS: &str = "
        SELECT reason, COUNT(*) FROM campaign_recipients WHERE wave = 0 GROUP BY reason";
    const WAVES: &str = "
        SELECT language, CAST(SUM(frozen) AS BIGINT) FROM campaign_waves WHERE wave > 0 GROUP BY language ORDER BY language";
    let db = &world.running.app.db;
    let frozen: Vec<(String, i64)> = db.reader().sql(REASONS, ()).all().await.unwrap();
    assert_eq!(BTreeMap::from_iter(frozen), counts(&reasons), "{found:#}");
    let waves: Vec<(String, i64)> = db.reader().sql(WAVES, ()).all().await.unwrap();
    let of_wave = |it: &Value| {
        let language = it["language"].as_str().unwrap().to_owned();
        (language, it["recipients"].as_i64().unwrap())
    };
    let expected: Vec<(String, i64)> = result["waves"].as_array().unwrap().iter().map(of_wave).collect();
    assert_eq!(waves, expected);
    for reason in ["blocked", "no_address", "opted_out", "variable_missing", "time_missed"] {
        assert!(reasons.contains(&reason), "{reason}: {found:#}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_launch_that_names_a_preflight_is_refused_if_something_has_changed(world: World) {
    world.offers().await;
    world.people(3, "all").await;
    let id = world.create(world.draft("all")).await;
    let (launch, preflight) = (
        format!("campaigns/{id}/launch"),
        format!("/api/v1/campaigns/{id}/preflight"),
    );
    assert_eq!(world.client.get(&preflight).await.problem(404), "not-found");
    let refused = world.post(&launch, json!({ "preflight": "0123" })).await;
    assert_eq!(refused.problem(409), "preflight-stale");
    let found = world.preflight(&id, json!({})).await;
    let digest = found["result"]["digest"].clone();
    // Another local time.
    let local = json!({ "local_time": "2027-01-01T09:00:00", "time_zone": "recipient", "fallback_time_zone": "UTC", "preflight": digest });
    assert_eq!(world.post(&launch, local).await.problem(409), "preflight-stale");
    // Another draft.
    let path = format!("/api/v1/campaigns/{id}");
    world.client.patch(&path, json!({ "rate_per_second": 5 })).await.ok();
    let refused = world.post(&launch, json!({ "preflight": digest })).await;
    assert_eq!(refused.problem(409), "preflight-stale");
    assert_eq!(world.client.get(&preflight).await.ok().json()["is_current"], false);
    // Another template.
    let found = world.preflight(&id, json!({})).await;
    let digest = found["result"]["digest"].clone();
    let seed = TemplateSeed::text("offer", "pt_BR", Category::Marketing, "Oi {{1}}, veja isto.");
    world.simulator.graph().add_template(WABA, seed);
    world.fetch_templates().await;
    let refused = world.post(&launch, json!({ "preflight": digest })).await;
    assert_eq!(refused.problem(409), "preflight-stale");
    let found = world.preflight(&id, json!({})).await;
    let launched = world
        .post(&launch, json!({ "preflight": found["result"]["digest"] }))
        .await;
    assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
    let refused = world.post(&format!("campaigns/{id}/preflight"), json!({})).await;
    assert_eq!(refused.problem(409), "wrong-state");
    world.end().await;
}

#[both_databases]
async fn a_preflight_that_is_killed_again_and_again_counts_everybody_once(test: TestApp) {
    const COUNT: usize = 6_000;
    const RESCUE: &str =
        "UPDATE tasks SET state = 'pending', due_at = $1 WHERE kind = 'preflight' AND state = 'running'";
    let client = Client::tenant(&test);
    client.post("/api/v1/tags", json!({ "name": "all" })).await.created();
    for chunk in (0..COUNT).collect::<Vec<_>>().chunks(1_000) {
        let contacts: Vec<Value> = chunk
            .iter()
            .map(|n| json!({ "phone": phone(*n), "tags": ["all"] }))
            .collect();
        let made = client
            .post("/api/v1/contacts/batch", json!({ "contacts": contacts }))
            .await;
        assert!(made.status.is_success(), "{}", made.text());
    }
    let channels = client.get("/api/v1/channels").await.ok().json();
    let draft = json!({
        "name": "Tables", "audience": { "tag": "all" }, "channels": [channels["data"][0]["id"]],
        "message": { "type": "text", "text": { "body": "Your table is ready." } },
    });
    let made = client.post("/api/v1/campaigns", draft).await.created().json();
    let path = format!("/api/v1/campaigns/{}/preflight", made["id"].as_str().unwrap());
    assert_eq!(client.post(&path, json!({})).await.status.as_u16(), 202);
    let db = &test.app.db;
    let (id,): (uuid::Uuid,) = db
        .reader()
        .sql("SELECT id FROM tasks WHERE kind = 'preflight'", ())
        .one()
        .await
        .unwrap();
    let mut kills = 0;
    'lives: for life in 1.. {
        let now = test.app.clock.now();
        queue::claim(db.writer(), &PREFLIGHTS, &[id], now + TimeDelta::seconds(15), now)
            .await
            .unwrap();
        let mut run = Box::pin(campaigns::preflight_in_turns(
            &test.app.campaigns,
            TaskId::from_uuid(id),
        ));
        for _ in 0..life * life {
            if let Poll::Ready(ended) = futures::poll!(&mut run) {
                ended.unwrap();
                break 'lives;
            }
            tokio::task::yield_now().await;
        }
        drop(run);
        kills += 1;
        db.sql(RESCUE, (test.app.clock.now(),)).run().await.unwrap();
    }
    assert!(kills >= 3, "killed {kills} times");
    let found = client.get(&path).await.ok().json();
    assert_eq!(found["state"], "completed", "{found:#}");
    let result = &found["result"];
    assert_eq!(
        [
            &result["audience"],
            &result["recipients"],
            &result["waves"][0]["recipients"]
        ],
        [&json!(COUNT); 3],
        "{found:#}"
    );
}
