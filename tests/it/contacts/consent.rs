use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use crate::{
    sending::world::World,
    support::{app::TestApp, http::Client},
};

async fn made(client: &Client) -> String {
    let made = client
        .post("/api/v1/contacts", json!({ "phone": "+4915123456789" }))
        .await
        .json();
    format!("/api/v1/contacts/{}", made["id"].as_str().unwrap())
}

/// The address of the contact with this number.
async fn known_as(world: &World, phone: &str) -> String {
    let found = world
        .client
        .get(&format!("/api/v1/contacts?phone={phone}"))
        .await
        .json();
    format!("/api/v1/contacts/{}", found["data"][0]["id"].as_str().unwrap())
}

async fn say(client: &Client, path: &str, statement: Value) {
    let answer = client.post(&format!("{path}/consents"), statement).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
}

#[both_databases]
async fn the_ledger_keeps_every_statement_and_the_latest_by_time_decides(test: TestApp) {
    let client = Client::tenant(&test);
    let path = made(&client).await;
    let at = |hour: u32| format!("2026-01-01T{hour:02}:00:00Z");
    say(
        &client,
        &path,
        json!({ "purpose": "marketing", "status": "revoked", "occurred_at": at(9) }),
    )
    .await;
    let earlier = json!({ "purpose": "marketing", "status": "granted", "source": "form", "occurred_at": at(8),
        "evidence": { "form": "newsletter" } });
    say(&client, &path, earlier).await;
    let state = async || client.get(&path).await.json()["consents"].clone();
    assert_eq!(state().await[0]["status"], "revoked");
    assert_eq!(state().await[0]["since"], "2026-01-01T09:00:00Z");
    say(
        &client,
        &path,
        json!({ "purpose": "marketing", "status": "granted", "occurred_at": at(10) }),
    )
    .await;
    assert_eq!(state().await[0]["status"], "granted");
    say(
        &client,
        &path,
        json!({ "purpose": "all", "status": "revoked", "occurred_at": "9999-01-01T00:00:00Z" }),
    )
    .await;
    assert_eq!(state().await.as_array().unwrap().len(), 2);
    let (ledger, _) = client.all(&format!("{path}/consents?limit=2")).await;
    assert_eq!(ledger.len(), 4);
    assert!(ledger[0]["occurred_at"].as_str().unwrap() < "2100", "the future is now");
    assert_eq!(ledger[2]["evidence"], json!({ "form": "newsletter" }));
    let (events, _) = client.all("/api/v1/events?type=contact.opted_*").await;
    assert_eq!(events.len(), 3);
}

#[both_databases]
async fn an_override_needs_the_permission_and_a_proof(test: TestApp) {
    let client = Client::tenant(&test);
    let path = made(&client).await;
    let statement = json!({ "purpose": "marketing", "status": "granted", "override": true });
    let answer = client.post(&format!("{path}/consents"), statement.clone()).await;
    assert_eq!(answer.json()["field"], "evidence");
    let answer = client
        .post(
            &format!("{path}/consents"),
            json!({ "purpose": "marketing", "status": "revoked", "source": "keyword" }),
        )
        .await;
    assert_eq!(
        answer.json()["field"],
        "source",
        "what contacts do themselves is not reported by others"
    );
}

/// Marketing does not go to who refused it under any of their identities, whoever sends and in whatever lane.
#[both_sizes]
async fn nobody_who_refused_is_sent_what_they_refused(world: World) {
    let ana = world.customer(0).await;
    let path = known_as(&world, &ana.wa_id).await;
    say(
        &world.client,
        &path,
        json!({ "purpose": "marketing", "status": "revoked", "source": "agent" }),
    )
    .await;
    let mut campaign = world.text(&ana.wa_id, "Buy this.");
    campaign["lane"] = json!("campaign");
    let refused = world.send(campaign.clone()).await;
    let refused = world.until(&refused, "failed").await;
    assert_eq!(refused["error"]["code"], 131_050);
    assert!(
        refused["error"]["title"].as_str().unwrap().starts_with("opted_out"),
        "{refused}"
    );
    let answer = world.send(world.text(&ana.wa_id, "An answer.")).await;
    world.until(&answer, "read").await;
    say(
        &world.client,
        &path,
        json!({ "purpose": "marketing", "status": "granted" }),
    )
    .await;
    let allowed = world.send(campaign).await;
    world.until(&allowed, "read").await;
    assert_eq!(world.accepted("Buy this.").len(), 1);
    world.end().await;
}

#[both_sizes]
async fn a_tenant_may_require_an_opt_in(world: World) {
    let ana = world.customer(0).await;
    let operator = Client::operator(&world.running.app);
    let tenants = operator.get("/admin/tenants").await.ok().json();
    let tenant = format!("/admin/tenants/{}", tenants["data"][0]["id"].as_str().unwrap());
    let changed = operator
        .patch(&tenant, json!({ "require_opt_in": true }))
        .await
        .ok()
        .json();
    assert_eq!(changed["require_opt_in"], true);
    let mut campaign = world.text(&ana.wa_id, "Buy this.");
    campaign["lane"] = json!("campaign");
    let refused = world.send(campaign.clone()).await;
    world.until(&refused, "failed").await;
    let path = known_as(&world, &ana.wa_id).await;
    say(
        &world.client,
        &path,
        json!({ "purpose": "marketing", "status": "granted", "source": "form" }),
    )
    .await;
    let allowed = world.send(campaign).await;
    world.until(&allowed, "read").await;
    world.end().await;
}

#[both_sizes]
async fn a_message_to_a_contact_that_was_merged_names_the_one_it_is_now(world: World) {
    let mut ids = Vec::new();
    for n in 1..=2 {
        let contact = json!({ "phone": format!("+4915123456{n:03}") });
        let made = world.post("contacts", contact).await.created().json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    world
        .post(&format!("contacts/{}/merge", ids[0]), json!({ "from": ids[1] }))
        .await
        .ok();
    let mut message = world.text_anyway("", "Hello");
    message["to"] = json!({ "contact_id": ids[1] });
    let refused = world.post("messages", message).await;
    assert_eq!(refused.problem(422), "invalid-field");
    let said = format!("contact {} was merged into {}: use that id", ids[1], ids[0]);
    assert!(refused.text().contains(&said), "{}", refused.text());
    world.end().await;
}
