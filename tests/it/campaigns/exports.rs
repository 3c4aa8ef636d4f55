//! Exports of campaigns and of their recipients.

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::sending::world::World;

const BAD_PARAMETERS: i64 = 132_000;

impl World {
    /// Exports as one JSON object a line.
    async fn lines(&self, path: &str) -> Vec<Value> {
        let text = self
            .client
            .get(&format!("/api/v1/campaigns/{path}?format=ndjson"))
            .await
            .ok()
            .text();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[both_sizes]
async fn an_export_says_of_each_recipient_what_the_list_says_and_of_each_campaign_its_numbers(world: World) {
    // More than a page of recipients.
    const COUNT: usize = 1_100;
    // No statuses: nothing moves once it is completed.
    let mut statuses = world.simulator.graph().statuses();
    statuses.enabled = false;
    world.simulator.graph().set_statuses(statuses);
    world.offers().await;
    let ids = world.people(COUNT, "all").await;
    let refused = json!({ "purpose": "marketing", "status": "revoked", "source": "form" });
    let opted_out = world.post(&format!("contacts/{}/consents", ids[8]), refused).await;
    assert!(opted_out.status.is_success(), "{}", opted_out.text());
    let to = Some(phone(3).trim_start_matches('+').to_owned());
    world.fault(FaultRule {
        to,
        ..FaultRule::new(Fault::error(BAD_PARAMETERS))
    });
    let draft = world.create(world.draft("all")).await;
    let id = world.launch(world.draft("all")).await;
    world.until_completed(&id).await;
    let listed = world.recipients(&id, "").await;
    let exported = world.lines(&format!("{id}/recipients/export")).await;
    assert_eq!(exported.len(), COUNT);
    for (listed, exported) in listed.iter().zip(&exported) {
        for (member, column) in [
            ("contact_id", "contact_id"),
            ("kind", "kind"),
            ("status", "status"),
            ("reason", "reason"),
            ("error_code", "error.code"),
            ("message_id", "message_id"),
        ] {
            assert_eq!(listed[member], exported[column], "{column}: {exported:#}");
        }
        let suppressed = exported["status"] == "suppressed";
        assert_eq!(exported["wave"], i64::from(!suppressed), "{exported:#}");
        assert_eq!(exported["channel_id"].is_string(), !suppressed, "{exported:#}");
    }
    let of = |contact: &String| exported.iter().find(|it| it["contact_id"] == json!(contact)).unwrap();
    let failed = of(&ids[3]);
    assert_eq!(
        (
            &failed["status"],
            &failed["error.code"],
            &failed["address"],
            &failed["contact.name"],
            &failed["language"]
        ),
        (
            &json!("failed"),
            &json!(BAD_PARAMETERS),
            &json!(phone(3)),
            &json!("Person 3"),
            &json!("en_US")
        ),
        "{failed:#}"
    );
    assert!(failed["error.title"].is_string(), "{failed:#}");
    assert_eq!(of(&ids[8])["reason"], "opted_out");

    let campaigns = world.lines("export").await;
    let progress = world.campaign(&id).await["progress"].clone();
    assert_eq!(campaigns.len(), 2, "{campaigns:#?}");
    assert_eq!(
        (
            &campaigns[0]["id"],
            &campaigns[0]["status"],
            &campaigns[0]["total"],
            &campaigns[0]["started_at"]
        ),
        (&json!(draft), &json!("draft"), &json!(0), &Value::Null)
    );
    let row = &campaigns[1];
    for (state, n) in progress.as_object().unwrap() {
        assert_eq!(row[state], *n, "{state}: {row:#}");
    }
    assert_eq!(
        (&row["template"], &row["template.language"]),
        (&json!("offer"), &json!("en_US"))
    );
    // CSV is the default, and has the same rows.
    let csv = world.client.get("/api/v1/campaigns/export").await.ok();
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text().lines().count(), 3);
    // A long one is a file.
    let path = format!("/api/v1/campaigns/{id}/recipients/export?async=true");
    let asked = world.client.get(&path).await;
    assert_eq!(asked.status.as_u16(), 202, "{}", asked.text());
    let asked = asked.json();
    assert_eq!(
        (&asked["subject"], &asked["campaign_id"]),
        (&json!("recipients"), &json!(id))
    );
    let unknown = format!(
        "/api/v1/campaigns/{}/recipients/export",
        id.replace(&id[4..10], "000000")
    );
    assert_eq!(world.client.get(&unknown).await.problem(404), "not-found");
    world.end().await;
}
