//! Recipients by phone and by user id, and who is blocked.

use axum::http::StatusCode;
use mainstay_sim::Enforcement;
use reqwest::Method;
use serde_json::json;

use super::{World, code, text};

#[tokio::test]
async fn a_send_by_user_id_is_answered_by_user_id_and_shows_no_phone() {
    let world = World::new().await;
    let place = world
        .simulator
        .customers()
        .iter()
        .position(|it| it.hides_phone)
        .unwrap();
    let customer = world.customer(place);
    world.write(place).await;
    let body = json!({
        "messaging_product": "whatsapp",
        "recipient": customer.user_id,
        "type": "text",
        "text": {"body": "hi"},
    });
    let (_, answer) = world.send(&body).await;
    assert_eq!(
        answer["contacts"],
        json!([{"input": customer.user_id, "user_id": customer.user_id}])
    );
    let statuses = world.statuses().await;
    assert_eq!(statuses.len(), 3);
    assert!(
        statuses
            .iter()
            .all(|it| it["recipient_user_id"] == json!(customer.user_id) && it.get("recipient_id").is_none())
    );
    // Both given: the phone wins.
    let mut both = body.clone();
    both["to"] = json!(customer.wa_id);
    let (_, answer) = world.send(&both).await;
    assert_eq!(answer["contacts"][0]["wa_id"], customer.wa_id);
    assert!(
        world.statuses().await[3..]
            .iter()
            .all(|it| it["recipient_id"] == json!(customer.wa_id))
    );
}

#[tokio::test]
async fn a_one_time_code_is_not_sent_to_a_user_id() {
    let world = World::new().await;
    let seed = json!({
        "name": "code",
        "language": "en_US",
        "category": "AUTHENTICATION",
        "components": [
            {"type": "BODY", "add_security_recommendation": true},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
        ],
    });
    world
        .simulator
        .graph()
        .add_template(world.waba(), serde_json::from_value(seed).unwrap());
    let otp = json!({
        "name": "code",
        "language": {"code": "en_US"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "4711"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "4711"}]},
        ],
    });
    let mut body = json!({"messaging_product": "whatsapp", "to": "4915123456789", "type": "template", "template": otp});
    world.accepted(&body).await;
    body["recipient"] = json!("US.13491208655302741918");
    body.as_object_mut().unwrap().remove("to");
    assert_eq!(world.refused(&body).await, 131062);
}

#[tokio::test]
async fn users_who_wrote_are_blocked_and_others_fail_one_by_one() {
    let world = World::new().await;
    world.write(0).await;
    let (writer, silent) = (world.customer(0), world.customer(1));
    let path = format!("{}/block_users", world.number());
    let body = |users: &[&str]| {
        let users: Vec<_> = users.iter().map(|user| json!({"user": user})).collect();
        json!({"messaging_product": "whatsapp", "block_users": users})
    };
    let (status, answer) = world.post(&path, &body(&[&writer.wa_id, &silent.wa_id])).await;
    assert_eq!((status, code(&answer)), (StatusCode::BAD_REQUEST, 139100));
    assert_eq!(answer["block_users"]["added_users"][0]["wa_id"], writer.wa_id);
    assert_eq!(answer["block_users"]["failed_users"][0]["errors"][0]["code"], 131047);
    assert_eq!(world.refused(&text(&writer.wa_id, "hi")).await, 130403);
    let (_, list) = world.get(&path).await;
    assert_eq!(
        list["data"],
        json!([{"messaging_product": "whatsapp", "input": writer.wa_id, "wa_id": writer.wa_id}])
    );
    let by_user_id = json!({"messaging_product": "whatsapp", "block_users": [{"user_id": writer.user_id}]});
    assert_eq!(world.post(&path, &by_user_id).await.0, StatusCode::OK);
    assert_eq!(
        world.get(&path).await.1["data"],
        json!([{"messaging_product": "whatsapp", "input": writer.user_id, "user_id": writer.user_id}])
    );

    let (status, answer) = world.call(Method::DELETE, &path, Some(&body(&[&writer.wa_id]))).await;
    assert_eq!(
        (status, &answer["block_users"]["removed_users"][0]["wa_id"]),
        (StatusCode::OK, &json!(writer.wa_id))
    );
    world.accepted(&text(&writer.wa_id, "hi")).await;
}

#[tokio::test]
async fn strangers_are_reached_by_phone_and_by_user_id() {
    let world = World::with(|config| config.graph.enforcement = Enforcement::none()).await;
    world.accepted(&text("4915123456789", "hi")).await;
    let statuses = world.statuses().await;
    let user_id = statuses[0]["recipient_user_id"].as_str().unwrap();
    let mut body = text("", "hi again");
    body.as_object_mut().unwrap().remove("to");
    body["recipient"] = json!(user_id);
    world.accepted(&body).await;
    assert_eq!(world.simulator.graph().accepted_for(user_id), 1);
}
