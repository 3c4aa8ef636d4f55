//! Messages in place of a template.

use mainstay_sim::Shape;
use mainstay_test_macros::both_sizes;
use serde_json::json;

use crate::sending::world::World;

#[both_sizes]
async fn a_message_goes_to_those_whose_window_is_open(world: World) {
    let customers = world.simulator.customers();
    let mut known = customers.iter().enumerate().filter(|(_, it)| !it.hides_phone);
    let ((place, open), (_, closed)) = (known.next().unwrap(), known.next().unwrap());
    let webhook = world
        .simulator
        .write(place, Shape::Text, Some("When do you open?"))
        .unwrap();
    world.simulator.deliver(webhook).await;
    let person = |wa_id: &str, name: &str| json!({ "phone": format!("+{wa_id}"), "given_name": name, "tags": ["all"] });
    let ids = world
        .contacts(vec![person(&open.wa_id, "Ana"), person(&closed.wa_id, "Ben")])
        .await;
    let mut draft = world.draft("all");
    draft.as_object_mut().unwrap().remove("template");
    draft["message"] = json!({ "type": "text", "text": { "body": "Dear {{name}}, we open at nine." } });
    draft["variables"] = json!({ "name": { "field": "given_name", "fallback": "friend" } });
    let id = world.create(draft).await;
    let found = world.preflight(&id, json!({})).await;
    assert_eq!(
        (&found["result"]["recipients"], &found["result"]["outside_window"]),
        (&json!(2), &json!(1)),
        "{found:#}"
    );
    world.post(&format!("campaigns/{id}/launch"), json!({})).await;
    let ended = world.until_status(&id, "completed").await;
    assert_eq!(world.accepted("Dear Ana, we open at nine.").len(), 1, "{ended:#}");
    assert_eq!(world.simulator.graph().accepted(), 1);
    let suppressed = world.recipients(&id, "&status=suppressed").await;
    assert_eq!(
        (&suppressed[0]["contact_id"], &suppressed[0]["reason"]),
        (&json!(ids[1]), &json!("window_closed")),
        "{suppressed:#?}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_message_that_cannot_be_sent_is_refused(world: World) {
    world.people(1, "all").await;
    let text = json!({ "type": "text", "text": { "body": "Hello {{name}}" } });
    let name = json!({ "name": { "field": "name", "fallback": "friend" } });
    for (message, template, variables, field) in [
        (&text, None, json!({}), "message"),
        (
            &text,
            Some(json!({ "name": "offer", "language": "en_US" })),
            name.clone(),
            "message",
        ),
        (
            &text,
            None,
            json!({ "name": { "value": "x" }, "city": { "value": "x" } }),
            "variables.city",
        ),
        (
            &json!({ "type": "reaction", "reaction": {} }),
            None,
            json!({}),
            "message.type",
        ),
        (
            &json!({ "type": "text", "text": {} }),
            None,
            json!({}),
            "message.text.body",
        ),
    ] {
        let mut draft = world.draft("all");
        draft.as_object_mut().unwrap().remove("template");
        (draft["message"], draft["variables"]) = (message.clone(), variables);
        if let Some(template) = template {
            draft["template"] = template;
        }
        let refused = world.post("campaigns", draft).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["field"]),
            (422, &json!(field)),
            "{}",
            refused.text()
        );
    }
    let mut draft = world.draft("all");
    draft.as_object_mut().unwrap().remove("template");
    draft["message"] = json!({ "type": "image", "image": { "media_id": "med_00000000000000000000000000000001", "caption": "{{name}}" } });
    draft["variables"] = name;
    let id = world.create(draft).await;
    let refused = world.post(&format!("campaigns/{id}/launch"), json!({})).await;
    assert_eq!(refused.json()["field"], "message", "{}", refused.text());
    // A template takes the place of a message, and a message that of a template.
    let offer = json!({ "template": { "name": "offer", "language": "en_US" } });
    let changed = world
        .client
        .patch(&format!("/api/v1/campaigns/{id}"), offer)
        .await
        .ok()
        .json();
    assert_eq!(changed["message"], serde_json::Value::Null, "{changed:#}");
    world.end().await;
}
