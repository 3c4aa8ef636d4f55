//! What a campaign reports, and what a recount finds.

use mainstay::{
    domain::{ChannelId, Ctx, TenantId},
    tenancy::{self, TenancyError, TenantService},
};
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::{sending::world::World, support::wait::wait_until};

const BAD_PARAMETERS: i64 = 132_000;
const UNDELIVERABLE: i64 = 131_026;

impl World {
    async fn report(&self, id: &str) -> Value {
        self.client
            .get(&format!("/api/v1/campaigns/{id}/report"))
            .await
            .ok()
            .json()
    }

    async fn recount(&self, id: &str, query: &str) -> Value {
        let answer = self.post(&format!("campaigns/{id}/recount{query}"), json!({})).await;
        answer.ok().json()
    }

    async fn tenant_of(&self, id: &str) -> TenantId {
        const SQL: &str = "SELECT tenant_id FROM campaigns WHERE id = $1";
        let id: mainstay::domain::CampaignId = id.parse().unwrap();
        let (tenant,) = self.running.app.db.reader().sql(SQL, (id,)).one().await.unwrap();
        tenant
    }
}

/// The sum of a number over the waves.
fn sum(report: &Value, of: &str) -> i64 {
    let waves = report["waves"].as_array().unwrap();
    waves.iter().map(|it| it["progress"][of].as_i64().unwrap()).sum()
}

#[both_sizes]
async fn a_report_adds_up_by_wave_and_says_who_must_act(world: World) {
    world.offers().await;
    let mut people: Vec<Value> = (0..8)
        .map(|n| json!({ "phone": phone(n), "tags": ["all"], "language": if n % 2 == 0 { "es" } else { "en_US" } }))
        .collect();
    people.push(json!({ "phone": phone(8), "tags": ["all"] }));
    let ids = world.contacts(people).await;
    let refused = json!({ "purpose": "marketing", "status": "revoked", "source": "form" });
    let opted_out = world.post(&format!("contacts/{}/consents", ids[8]), refused).await;
    assert!(opted_out.status.is_success(), "{}", opted_out.text());
    for (n, code) in [(1, BAD_PARAMETERS), (2, BAD_PARAMETERS), (4, UNDELIVERABLE)] {
        let to = Some(phone(n).trim_start_matches('+').to_owned());
        world.fault(FaultRule {
            to,
            ..FaultRule::new(Fault::failed(code))
        });
    }
    let draft = world.create(world.draft("all")).await;
    let empty = world.report(&draft).await;
    assert_eq!(
        (&empty["rates"]["delivered"], &empty["rates"]["failed"], &empty["waves"]),
        (&Value::Null, &Value::Null, &json!([])),
        "{empty:#}"
    );
    world.post(&format!("campaigns/{draft}/launch"), json!({})).await;
    let id = draft;
    world
        .until_campaign(&id, "all is delivered", |it| {
            let progress = &it["progress"];
            let on_its_way = ["accepted", "sent", "open", "pending"];
            it["status"] == "completed" && on_its_way.iter().all(|of| progress[of] == 0)
        })
        .await;
    let report = world.report(&id).await;
    let progress = report["progress"].as_object().unwrap();
    assert_eq!(
        (&progress["total"], &progress["failed"], &progress["suppressed"]),
        (&json!(9), &json!(3), &json!(1)),
        "{report:#}"
    );
    for (of, n) in progress {
        assert_eq!(sum(&report, of), n.as_i64().unwrap(), "{of}: {report:#}");
    }
    let languages = ["en_US", "es"].map(|language| {
        let waves = report["waves"].as_array().unwrap();
        waves.iter().filter(|it| it["language"] == language).count()
    });
    assert_eq!(languages, [1, 1], "{report:#}");
    let failures = report["failures"].as_array().unwrap();
    let said: Vec<_> = failures
        .iter()
        .map(|it| (&it["code"], &it["count"], &it["class"]))
        .collect();
    assert_eq!(
        said,
        [
            (&json!(BAD_PARAMETERS), &json!(2), &json!("template")),
            (&json!(UNDELIVERABLE), &json!(1), &json!("undeliverable"))
        ]
    );
    assert!(
        failures
            .iter()
            .all(|it| it["who"].is_string() && it["advice"].is_string() && it["title"].is_string())
    );
    let close = |value: &Value, to: f64| (value.as_f64().unwrap() - to).abs() < 1e-9;
    assert!(close(&report["rates"]["delivered"], 1.0), "{report:#}");
    assert!(close(&report["rates"]["failed"], 3.0 / 8.0), "{report:#}");
    for at in ["started_at", "frozen_at", "first_message_at", "finished_at"] {
        assert!(report[at].is_string(), "{at}: {report:#}");
    }
    let opted_out = world.recipients(&id, "&reason=opted_out").await;
    assert_eq!(opted_out.len(), 1, "{opted_out:?}");
    assert_eq!(opted_out[0]["contact_id"], json!(ids[8]));
    assert!(
        world
            .recipients(&id, "&status=failed&reason=opted_out")
            .await
            .is_empty()
    );
    world.end().await;
}

#[both_sizes]
async fn a_recount_finds_a_counter_that_is_wrong_and_tells_of_it(world: World) {
    world.offers().await;
    world.people(5, "all").await;
    let id = world.launch(world.draft("all")).await;
    world
        .until_campaign(&id, "all is read or delivered", |it| {
            let progress = &it["progress"];
            it["status"] == "completed" && progress["accepted"] == 0 && progress["sent"] == 0
        })
        .await;
    let fine = json!({ "differences": [], "next_wave": null });
    assert_eq!(world.recount(&id, "").await, fine);
    let told = "SELECT COUNT(*) FROM events WHERE type = 'campaign.inconsistent'";
    assert_eq!(world.number(told).await, 0);
    const BREAK: &str = "
        INSERT INTO campaign_counts (tenant_id, campaign_id, wave, status, n)
        SELECT tenant_id, id, 1, 'expired', 2 FROM campaigns";
    world.running.app.db.sql(BREAK, ()).run().await.unwrap();
    let found = world.recount(&id, "").await;
    assert_eq!(found["differences"], json!(["wave 1: 2 counted as expired, 0 found"]));
    assert_eq!(world.number(told).await, 1);
    assert_eq!(world.recount(&id, "?from_wave=2").await, fine, "the wave is left out");
    let refused = world
        .post(&format!("campaigns/{id}/recount?from_wave=x"), json!({}))
        .await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text());
    // Of one that began before what is kept of messages, some are gone: that is no difference.
    let early = world.running.app.clock.now() - chrono::TimeDelta::days(31);
    let db = &world.running.app.db;
    db.sql("UPDATE campaigns SET started_at = $1", (early,))
        .run()
        .await
        .unwrap();
    let keep = r#"{"messages":30}"#.to_owned();
    db.sql("UPDATE tenants SET retention = $1", (keep,))
        .run()
        .await
        .unwrap();
    let refused = world.post(&format!("campaigns/{id}/recount"), json!({})).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text());
    assert_eq!(world.number(told).await, 1);
    world.end().await;
}

#[both_sizes]
async fn a_channel_stays_as_long_as_a_campaign_needs_it(world: World) {
    world.offers().await;
    world.people(3, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(1);
    let id = world.launch(draft).await;
    let registry = TenantService {
        db: world.running.app.db.clone(),
        clock: world.running.app.clock.clone(),
        keyring: world.running.app.config.keyring.clone(),
    };
    let ctx = Ctx::operator(world.tenant_of(&id).await);
    let remove = async |channel: ChannelId| tenancy::archive_channel(&registry, &ctx, channel).await;
    world.post(&format!("campaigns/{id}/pause"), json!({})).await;
    let refused = remove(world.channel).await;
    assert!(
        matches!(&refused, Err(TenancyError::Conflict(why)) if why.contains(&id)),
        "{refused:?}"
    );
    world.post(&format!("campaigns/{id}/cancel"), json!({})).await;
    world.until_status(&id, "canceled").await;
    remove(world.channel).await.unwrap();
    wait_until(crate::sending::world::DEADLINE, "the channel is gone", async || {
        let gone = "SELECT COUNT(*) FROM channels WHERE archived_at IS NOT NULL";
        world.number(gone).await == 1
    })
    .await;
    world.end().await;
}
