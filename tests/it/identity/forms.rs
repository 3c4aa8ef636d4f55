//! Brazilian, Mexican and Argentine numbers have two forms: one that is dialled, and one that WhatsApp knows the person by.

use mainstay_sim::{Customer, Fault, FaultRule, Item, Shape};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World, channel},
    support::wait::wait_until,
};

/// A customer of a country who is dialled otherwise than WhatsApp names them.
fn two_forms(world: &World, country: &str) -> (usize, Customer) {
    let customers = world.simulator.customers().into_iter().enumerate();
    let mut found = customers.filter(|(_, it)| it.country == country && it.dialled != it.wa_id && !it.hides_phone);
    found.next().unwrap_or_else(|| panic!("nobody of {country}"))
}

/// They write, and it is stored.
async fn write(world: &World, place: usize, words: &str) {
    let webhook = world.simulator.write(place, Shape::Text, Some(words)).unwrap();
    let Some(Item::Message(written)) = webhook.items.first() else {
        panic!("a message was written: {:?}", webhook.items);
    };
    let wamid = written.wamid.clone();
    world.simulator.deliver(webhook).await;
    wait_until(DEADLINE, "what they wrote is stored", async || {
        let reader = world.running.app.db.reader();
        let sql = "SELECT COUNT(*) FROM messages WHERE wamid = $1";
        let (rows,): (i64,) = reader.sql(sql, (wamid.clone(),)).one().await.unwrap();
        rows > 0
    })
    .await;
}

fn template(world: &World, phone: &str) -> Value {
    json!({ "channel_id": world.channel, "to": { "phone": format!("+{phone}") }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } } })
}

/// Contacts that are known by one of these numbers.
async fn contacts(world: &World, phones: [&str; 2]) -> Vec<Value> {
    let page = world.client.get("/api/v1/contacts?limit=200").await.ok().json();
    let known = |it: &&Value| {
        it["identities"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| phones.contains(&it["value"].as_str().unwrap()))
    };
    page["data"].as_array().unwrap().iter().filter(known).cloned().collect()
}

/// The template to the dialled form is read, and they have answered: Meta has told who they are.
async fn introduced(world: &World, country: &str) -> Customer {
    let (place, it) = two_forms(world, country);
    let id = world.send(template(world, &it.dialled)).await;
    world.until(&id, "read").await;
    write(world, place, "sim").await;
    it
}

#[both_sizes]
async fn who_answers_under_the_other_form_is_the_same_contact(world: World) {
    for country in ["BR", "MX", "AR"] {
        let it = introduced(&world, country).await;
        let found = contacts(&world, [&it.dialled, &it.wa_id]).await;
        assert_eq!(found.len(), 1, "{country}: {found:#?}");
        let known: Vec<&str> = found[0]["identities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["value"].as_str().unwrap())
            .collect();
        assert!(
            [&it.dialled, &it.wa_id, &it.user_id]
                .iter()
                .all(|own| known.contains(&own.as_str())),
            "{country}: {known:?}"
        );
        let page = world.client.get("/api/v1/conversations?limit=200").await.ok().json();
        let conversations: Vec<&Value> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|talk| talk["contact_id"] == found[0]["id"])
            .collect();
        assert_eq!(conversations.len(), 1, "{country}: {page:#}");
        assert!(conversations[0]["window_expires_at"].is_string(), "{country}");
        for phone in [&it.dialled, &it.wa_id] {
            let id = world.send(world.text(&format!("+{phone}"), "obrigado")).await;
            world.until(&id, "read").await;
        }
    }
    world.end().await;
}

#[both_sizes]
async fn a_crowd_that_is_written_to_and_writes_at_once_is_one_contact_each(world: World) {
    let customers = world.simulator.customers();
    let crowd: Vec<(usize, &Customer)> = customers
        .iter()
        .enumerate()
        .filter(|(_, it)| it.dialled != it.wa_id && !it.hides_phone)
        .collect();
    assert!(crowd.len() >= 8, "{}", crowd.len());
    let messages: Vec<Value> = crowd.iter().map(|(_, it)| template(&world, &it.dialled)).collect();
    let sending = world.post("messages/batch", json!({ "messages": messages }));
    let writing = async {
        let written: Vec<_> = crowd
            .iter()
            .map(|(place, _)| world.simulator.write(*place, Shape::Text, None).unwrap())
            .collect();
        futures::future::join_all(written.into_iter().map(|webhook| world.simulator.deliver(webhook))).await;
    };
    let (answer, ()) = tokio::join!(sending, writing);
    let answer = answer.ok().json();
    assert!(
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["message"]["status"] == "queued"),
        "{answer:#}"
    );
    wait_until(DEADLINE, "all is told", async || {
        let read = "SELECT COUNT(*) FROM messages WHERE direction = 'outbound' AND status = 'read'";
        let heard = "SELECT COUNT(*) FROM messages WHERE direction = 'inbound'";
        let count = crowd.len() as i64;
        (world.number(read).await, world.number(heard).await) == (count, count)
    })
    .await;
    for (_, it) in &crowd {
        let found = contacts(&world, [&it.dialled, &it.wa_id]).await;
        assert_eq!(found.len(), 1, "{found:#?}");
    }
    let rows = world.number("SELECT COUNT(*) FROM conversations").await;
    assert_eq!(rows, crowd.len() as i64);
    world.end().await;
}

#[both_sizes]
async fn both_forms_have_one_pair_limit(world: World) {
    const COUNT: usize = 60;
    let it = introduced(&world, "AR").await;
    let phones = [&it.dialled, &it.wa_id];
    let messages: Vec<Value> = (0..COUNT)
        .map(|n| world.text(&format!("+{}", phones[n % 2]), &format!("number {n}")))
        .collect();
    world.post("messages/batch", json!({ "messages": messages })).await.ok();
    let graph = world.simulator.graph();
    wait_until(DEADLINE, "the burst is sent and the others wait", async || {
        let waiting = world
            .number("SELECT COUNT(*) FROM sends WHERE reserved_until IS NOT NULL AND state = 'pending'")
            .await;
        graph.accepted() >= 40 && waiting >= 10 || graph.refused(131_056) > 0
    })
    .await;
    assert_eq!(graph.refused(131_056), 0);
    world.end().await;
}

#[both_sizes]
async fn what_concerns_a_person_holds_under_both_forms(world: World) {
    let it = introduced(&world, "MX").await;
    world.fault(FaultRule::new(Fault::failed(131_026)).times(1));
    let id = world.send(template(&world, &it.dialled)).await;
    world.until(&id, "failed").await;
    let known = contacts(&world, [&it.dialled, &it.wa_id]).await[0].clone();
    for identity in known["identities"].as_array().unwrap() {
        assert_eq!(identity["undeliverable"]["code"], 131_026, "{known:#}");
    }
    world.fault(FaultRule::new(Fault::failed(131_050)).times(1));
    let mut campaign = template(&world, &it.dialled);
    campaign["lane"] = json!("campaign");
    let id = world.send(campaign.clone()).await;
    world.until(&id, "failed").await;
    campaign["to"]["phone"] = json!(format!("+{}", it.wa_id));
    let id = world.send(campaign).await;
    assert_eq!(world.until(&id, "failed").await["error"]["code"], 131_050);
    let users = json!({ "users": [{ "phone": format!("+{}", it.wa_id) }] });
    world
        .client
        .post(&format!("/api/v1/channels/{}/blocks", world.channel), users)
        .await
        .ok();
    let refused = world
        .post("messages", world.text(&format!("+{}", it.dialled), "hello"))
        .await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text());
    world.end().await;
}

#[both_sizes]
async fn who_is_blocked_is_known_by_what_meta_calls_them(world: World) {
    let (place, it) = two_forms(&world, "BR");
    write(&world, place, "oi").await;
    let users = json!({ "users": [{ "phone": format!("+{}", it.dialled) }] });
    world
        .client
        .post(&format!("/api/v1/channels/{}/blocks", world.channel), users)
        .await
        .ok();
    let known = contacts(&world, [&it.dialled, &it.wa_id]).await;
    assert_eq!(known.len(), 1, "{known:#?}");
    world.end().await;
}

#[both_sizes]
async fn who_is_written_to_in_both_forms_is_one_and_counts_once_against_the_daily_limit(world: World) {
    let forms = ["525512345678", "5215512345678"];
    for phone in forms {
        let id = world.send(template(&world, phone)).await;
        world.until(&id, "read").await;
    }
    assert_eq!(contacts(&world, forms).await.len(), 1);
    assert_eq!(channel(&world).await["daily_limit"]["used"], 1);
    world.end().await;
}
