use mainstay::tenancy;
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use crate::{
    sending::world::World,
    support::{app::TestApp, http::Client},
};

const URI: &str = "/api/v1/message-templates";

fn text(body: &str) -> Value {
    json!({ "type": "text", "body": body })
}

async fn made(client: &Client, name: &str, content: Value) -> Value {
    let answer = client.post(URI, json!({ "name": name, "content": content })).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()
}

#[both_databases]
async fn every_tenant_begins_with_a_few_and_what_is_deleted_stays_deleted(test: TestApp) {
    let client = Client::tenant(&test);
    let (seeded, _) = client.all(&format!("{URI}?limit=3&state=active")).await;
    let mut names: Vec<&str> = seeded.iter().map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["away", "greeting", "solved", "topics"]);
    for one in &seeded {
        let uri = format!("{URI}/{}", one["id"].as_str().unwrap());
        assert_eq!(client.delete(&uri).await.status.as_u16(), 204);
        assert_eq!(client.delete(&uri).await.problem(404), "not-found");
    }
    assert_eq!(client.all(&format!("{URI}?limit=3")).await.0.len(), 0);
    // Another tenant has its own.
    let (_, key) = tenancy::create_tenant(&test.registry, "Books").await.unwrap();
    let other = Client::of(&test.app).with(key.token.expose());
    let mine = made(&client, "greeting", text("Hello")).await;
    assert_eq!(other.all(&format!("{URI}?limit=9&name=greet")).await.0.len(), 1);
    assert_eq!(
        other
            .get(&format!("{URI}/{}", mine["id"].as_str().unwrap()))
            .await
            .problem(404),
        "not-found"
    );
}

#[both_databases]
async fn versions_are_added_activated_and_archived(test: TestApp) {
    let client = Client::tenant(&test);
    let draft = client
        .post(
            URI,
            json!({ "name": "hours", "content": text("Open until {{hour}}."), "draft": true }),
        )
        .await
        .json();
    assert_eq!(
        (&draft["state"], &draft["active_version"]),
        (&json!("draft"), &json!(null))
    );
    assert_eq!(draft["versions"][0]["variables"], json!(["hour"]));
    let uri = format!("{URI}/{}", draft["id"].as_str().unwrap());
    let preview = async |body: Value| client.post(&format!("{uri}/preview"), body).await;
    assert_eq!(
        preview(json!({ "variables": { "hour": 7 } })).await.problem(409),
        "wrong-state"
    );
    let shown = preview(json!({ "variables": { "hour": 7 }, "version": 1 }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&shown["text"], &shown["message"]),
        (
            &json!("Open until 7."),
            &json!({ "type": "text", "text": { "body": "Open until 7." } })
        )
    );
    let active = client.patch(&uri, json!({ "active_version": 1 })).await.ok().json();
    assert_eq!(
        (&active["state"], &active["versions"][0]["state"]),
        (&json!("active"), &json!("active"))
    );
    let second = client
        .post(
            &format!("{uri}/versions"),
            json!({ "content": text("Open to {{hour}} o'clock."), "draft": true }),
        )
        .await;
    assert_eq!(second.status.as_u16(), 201);
    let second = second.json();
    let states: Vec<&str> = second["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["draft", "active"]);
    assert_eq!(
        preview(json!({ "variables": { "hour": 7 } })).await.ok().json()["text"],
        "Open until 7."
    );
    let third = client
        .post(&format!("{uri}/versions"), json!({ "content": text("We close.") }))
        .await
        .json();
    assert_eq!(
        (&third["active_version"], &third["latest_version"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(
        preview(json!({ "variables": { "hour": 7 } })).await.json()["field"],
        "message_template.variables.hour"
    );
    let refused = client.patch(&uri, json!({ "active_version": 4 })).await;
    assert_eq!(
        (refused.problem(422).as_str(), &refused.json()["field"]),
        ("invalid-field", &json!("active_version"))
    );
    let back = client
        .patch(&uri, json!({ "active_version": 2, "name": "opening hours" }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&back["name"], &back["active_version"]),
        (&json!("opening hours"), &json!(2))
    );
    made(&client, "hours", text("Hello")).await;
    assert_eq!(
        client.patch(&uri, json!({ "name": "hours" })).await.problem(409),
        "conflict"
    );
    assert_eq!(
        client
            .post(URI, json!({ "name": "hours", "content": text("Hello") }))
            .await
            .problem(409),
        "conflict"
    );
    let archived = client.patch(&uri, json!({ "state": "archived" })).await.ok().json();
    assert_eq!(
        (&archived["state"], &archived["versions"][1]["state"]),
        (&json!("archived"), &json!("archived"))
    );
    assert_eq!(
        preview(json!({ "variables": { "hour": 7 } })).await.problem(409),
        "wrong-state"
    );
    assert_eq!(
        client.patch(&uri, json!({ "state": "active" })).await.ok().json()["active_version"],
        2
    );
}

#[both_databases]
async fn what_no_message_could_be_is_refused(test: TestApp) {
    let client = Client::tenant(&test);
    for (content, field) in [
        (text(""), "content.body"),
        (text("Hi {{Name}}"), "content.body"),
        (
            json!({ "type": "buttons", "body": "x", "buttons": [{ "id": "1", "title": "x".repeat(21) }] }),
            "content.buttons[0].title",
        ),
        (
            json!({ "type": "buttons", "body": "x".repeat(1_025), "buttons": [{ "id": "1", "title": "x" }] }),
            "content.body",
        ),
        (
            json!({ "type": "list", "body": "x", "button": "x".repeat(21), "sections": [{ "rows": [{ "id": "1", "title": "x" }] }] }),
            "content.button",
        ),
        (
            json!({ "type": "media", "media": "gif", "link": "https://example.com" }),
            "content.media",
        ),
    ] {
        let refused = client.post(URI, json!({ "name": "x", "content": content })).await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json()["field"]),
            ("invalid-field", &json!(field))
        );
    }
    assert_eq!(
        client
            .post(URI, json!({ "name": " ", "content": text("x") }))
            .await
            .json()["field"],
        "name"
    );
    assert_eq!(
        client
            .post(
                URI,
                json!({ "name": "x", "content": { "type": "text", "body": "x", "colour": "red" } })
            )
            .await
            .status
            .as_u16(),
        422
    );
}

#[both_sizes]
async fn a_message_made_of_a_template_is_an_ordinary_message(world: World) {
    let ana = world.customer(0).await;
    let request = |which: Value, variables: Value| {
        let mut from = which;
        from["variables"] = variables;
        json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id }, "message_template": from })
    };
    let greeted = world
        .send(request(json!({ "name": "greeting" }), json!({ "name": "Ana" })))
        .await;
    let message = world
        .until_is(&greeted, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    let words = "Hello Ana, thank you for writing to us. How can we help you?";
    assert_eq!((&message["type"], &message["text"]), (&json!("text"), &json!(words)));
    assert_eq!(world.accepted(words).len(), 1);
    let topics = world.client.get(&format!("{URI}?name=topics")).await.ok().json()["data"][0]["id"].clone();
    let asked = world
        .send(request(json!({ "id": topics }), json!({ "name": "Ana" })))
        .await;
    world
        .until_is(&asked, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    for (request, field) in [
        (
            request(json!({ "name": "greeting" }), json!({})),
            "message_template.variables.name",
        ),
        (
            request(json!({ "name": "greeting" }), json!({ "name": "Ana", "age": 7 })),
            "message_template.variables.age",
        ),
        (request(json!({ "name": "nothing" }), json!({})), "message_template"),
        (request(json!({}), json!({})), "message_template"),
        (
            request(json!({ "name": "greeting", "id": topics }), json!({})),
            "message_template",
        ),
        (
            request(json!({ "name": "greeting" }), json!({ "name": "x".repeat(5_000) })),
            "text.body",
        ),
        (
            json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id } }),
            "type",
        ),
        (
            json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id }, "type": "text", "text": { "body": "x" }, "message_template": { "name": "greeting" } }),
            "message_template",
        ),
    ] {
        let refused = world.post("messages", request.clone()).await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json()["field"]),
            ("invalid-field", &json!(field)),
            "{request}"
        );
    }
    world.end().await;
}
