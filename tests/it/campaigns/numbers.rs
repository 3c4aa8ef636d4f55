//! What a campaign does and counts.

use mainstay::domain::CampaignId;
use mainstay_sim::By;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

/// What the rows say where the counters say otherwise.
async fn differences(world: &World, id: &str) -> Vec<String> {
    let db = &world.running.app.db;
    let id: CampaignId = id.parse().unwrap();
    const TENANT: &str = "SELECT tenant_id FROM campaigns WHERE id = $1";
    let (tenant,): (mainstay::domain::TenantId,) = db.reader().sql(TENANT, (id,)).one().await.unwrap();
    let mut tx = db.begin_read_as(tenant).await.unwrap();
    let campaign = mainstay::campaigns::stored(&mut tx, tenant, id).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    mainstay::campaigns::recount(db, &campaign).await.unwrap()
}

#[both_sizes]
async fn everybody_is_written_to_once_and_counted_once(world: World) {
    const COUNT: usize = 120;
    world.offers().await;
    world.people(COUNT, "autumn").await;
    let id = world.launch(world.draft("autumn")).await;
    world
        .until_campaign(&id, "all is read or delivered", |it| {
            let progress = &it["progress"];
            it["status"] == "completed" && progress["accepted"] == 0 && progress["sent"] == 0
        })
        .await;
    let campaign = world.campaign(&id).await;
    assert_eq!(
        (
            &campaign["progress"]["total"],
            &campaign["waiting_for"],
            &campaign["failures"]
        ),
        (&json!(COUNT), &Value::Null, &json!([])),
        "{campaign:#}"
    );
    for n in 0..COUNT {
        assert_eq!(world.accepted_for(&phone(n)), 1, "person {n}");
    }
    assert_eq!(world.simulator.graph().counts(By::Recipient, 2).most, 1);
    let texts = world.simulator.graph().sends();
    let values = &texts[0].json()["template"]["components"][0]["parameters"][0]["text"];
    assert!(values.as_str().unwrap().starts_with("Person "), "{values}");
    assert_eq!(differences(&world, &id).await, [""; 0]);
    let recipients = world.recipients(&id, "").await;
    assert_eq!(recipients.len(), COUNT);
    let message = world.message(recipients[0]["message_id"].as_str().unwrap()).await;
    assert_eq!(
        (&message["created_by"], &message["status"]),
        (&json!(id), &recipients[0]["status"])
    );
    world.end().await;
}

#[both_sizes]
async fn a_campaign_stays_out_of_the_inbox_until_somebody_answers(world: World) {
    world.offers().await;
    let customers = world.simulator.customers();
    let (place, customer) = customers.iter().enumerate().find(|(_, it)| !it.hides_phone).unwrap();
    let number = format!("+{}", customer.wa_id);
    world.contacts(vec![json!({ "phone": number, "tags": ["one"] })]).await;
    let id = world.launch(world.draft("one")).await;
    world
        .until_campaign(&id, "it is completed", |it| it["status"] == "completed")
        .await;
    let inbox = async || world.client.get("/api/v1/conversations").await.ok().json()["data"].clone();
    assert_eq!(inbox().await, json!([]), "nobody has answered");
    let opened = "SELECT COUNT(*) FROM events WHERE type = 'conversation.opened'";
    assert_eq!(world.number(opened).await, 0);
    for _ in 0..2 {
        let webhook = world
            .simulator
            .write(place, mainstay_sim::Shape::Text, Some("How much?"))
            .unwrap();
        world.simulator.deliver(webhook).await;
    }
    wait_until(DEADLINE, "both answers are there", async || {
        world
            .number("SELECT COUNT(*) FROM messages WHERE direction = 'inbound'")
            .await
            == 2
    })
    .await;
    let campaign = world.campaign(&id).await;
    assert_eq!(
        campaign["progress"]["replied"], 1,
        "one person has answered: {campaign:#}"
    );
    assert_eq!(world.number(opened).await, 1);
    assert_eq!(inbox().await.as_array().unwrap().len(), 1);
    world.end().await;
}
