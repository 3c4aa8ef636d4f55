//! What decides whether a message may be sent, beside how fast: the daily limit, quotas, what errors say, who is blocked.

mod blocks;
mod channels;
mod daily_limit;
mod effects;
mod forgetting;
mod isolation;
mod lock_order;
mod retention;
mod room;
mod shared_portfolio;
mod status_writers;
mod tenants;

use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World, channel, until_channel},
    support::{
        app::{APP_SECRET, WABA},
        http::Client,
        wait::wait_until,
    },
};

/// A template to somebody.
fn template(world: &World, phone: &str) -> Value {
    json!({ "channel_id": world.channel, "to": { "phone": format!("+{phone}") }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } } })
}

/// People nobody knows anything of.
fn strangers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("1555020{n:04}")).collect()
}

/// Has templates queued, in one request.
async fn queue(world: &World, phones: &[String]) -> Vec<String> {
    let messages: Vec<Value> = phones.iter().map(|phone| template(world, phone)).collect();
    let answer = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    let results = answer["results"].as_array().unwrap();
    let id = |it: &Value| {
        it["message"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{it}"))
            .to_owned()
    };
    results.iter().map(id).collect()
}

async fn until_accepted(world: &World, count: usize) {
    let graph = world.simulator.graph();
    wait_until(DEADLINE, &format!("Meta has {count}"), async || {
        graph.accepted() >= count
    })
    .await;
    assert_eq!(graph.accepted(), count);
}

/// Tells what Meta tells of an account.
async fn tell(world: &World, field: &str, value: Value) {
    let body = json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": WABA, "time": 1_790_000_000, "changes": [{ "field": field, "value": value }] }] });
    world.simulator.post_once(body.to_string(), APP_SECRET).await.unwrap();
}

/// Events of a type, oldest first.
pub async fn events(world: &World, kind: &str) -> Vec<Value> {
    let page = world.client.get("/api/v1/events?after=0&limit=200").await.ok().json();
    let all = page["data"].as_array().unwrap();
    all.iter().filter(|it| it["type"] == kind).cloned().collect()
}

fn operator(world: &World) -> Client {
    Client::operator(&world.running.app)
}

async fn tenant(world: &World) -> String {
    let page = operator(world).get("/admin/tenants").await.ok().json();
    page["data"][0]["id"].as_str().unwrap().to_owned()
}
