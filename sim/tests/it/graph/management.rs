//! Numbers, accounts, subscriptions, settings.

use axum::http::StatusCode;
use mainstay_sim::{Level, MessagingLimit, NumberPatch, Shape, Trouble};
use reqwest::Method;
use serde_json::json;

use super::{World, code, text};
use crate::receiver::{Receiver, until};

#[tokio::test]
async fn a_number_shows_what_is_asked_for() {
    let world = World::with(|config| config.graph.messaging_limit = MessagingLimit::Tier2K).await;
    let fields = "throughput,quality_rating,status,whatsapp_business_manager_messaging_limit,health_status";
    let (status, number) = world.get(format_args!("{}?fields={fields}", world.number())).await;
    assert_eq!(status, StatusCode::OK, "{number}");
    assert_eq!(number["throughput"]["level"], "STANDARD");
    assert_eq!(
        (&number["quality_rating"], &number["status"]),
        (&json!("GREEN"), &json!("CONNECTED"))
    );
    assert_eq!(number["whatsapp_business_manager_messaging_limit"], "TIER_2K");
    assert_eq!(number["health_status"]["can_send_message"], "AVAILABLE");
    assert_eq!(number["health_status"]["entities"].as_array().unwrap().len(), 4);
    assert_eq!(number["id"], world.number());
    assert!(number.get("verified_name").is_none(), "not asked for");
    let (_, number) = world.get(world.number()).await;
    assert_eq!(number["display_phone_number"], "+1 206-555-0142");

    let (_, list) = world.get(format_args!("{}/phone_numbers", world.waba())).await;
    assert_eq!(list["data"][0]["id"], world.number());
    let (_, waba) = world
        .get(format_args!("{}?fields=owner_business_info,id", world.waba()))
        .await;
    assert_eq!(waba["owner_business_info"]["id"], "506914307656634");
}

#[tokio::test]
async fn an_upgrade_answers_131057_for_a_while_and_is_announced() {
    let world = World::new().await;
    world.write(0).await;
    let to = world.customer(0).wa_id;
    let patch = NumberPatch {
        level: Some(Level::High),
        upgrading_ms: Some(400),
        ..NumberPatch::default()
    };
    assert!(world.simulator.graph().change_number(world.number(), patch));
    let (status, answer) = world.send(&text(&to, "hi")).await;
    assert_eq!((status, code(&answer)), (StatusCode::INTERNAL_SERVER_ERROR, 131057));
    until(|| !world.simulator.ledger().other.is_empty()).await;
    assert_eq!(
        world.news("phone_number_quality_update").await[0]["event"],
        "THROUGHPUT_UPGRADE"
    );
    world.accepted(&text(&to, "hi")).await;
    assert_eq!(world.get(world.number()).await.1["throughput"]["level"], "HIGH");
}

#[tokio::test]
async fn a_display_name_and_a_verification_are_as_they_are_set() {
    let world = World::new().await;
    let fields = format!("{}?fields=name_status,code_verification_status", world.number());
    let (_, number) = world.get(&fields).await;
    let both = ["name_status", "code_verification_status"].map(|it| number[it].clone());
    assert_eq!(both, ["APPROVED", "VERIFIED"]);
    let patch = NumberPatch {
        name_status: Some("DECLINED".to_owned()),
        code_verification: Some("EXPIRED".to_owned()),
        ..NumberPatch::default()
    };
    assert!(world.simulator.graph().change_number(world.number(), patch));
    let (_, number) = world.get(&fields).await;
    let both = ["name_status", "code_verification_status"].map(|it| number[it].clone());
    assert_eq!(both, ["DECLINED", "EXPIRED"]);
}

#[tokio::test]
async fn a_troubled_account_sends_nothing_and_says_so() {
    let world = World::new().await;
    world.write(0).await;
    let body = text(&world.customer(0).wa_id, "hi");
    let graph = world.simulator.graph();
    for (trouble, expected) in [
        (Trouble::Locked, 131031),
        (Trouble::Payment, 131042),
        (Trouble::Policy, 368),
    ] {
        graph.trouble_account(world.waba(), Some(trouble));
        assert_eq!(world.refused(&body).await, expected);
        let (_, number) = world.get(format_args!("{}?fields=health_status", world.number())).await;
        assert_eq!(number["health_status"]["can_send_message"], "BLOCKED");
    }
    graph.trouble_account(world.waba(), None);
    world.accepted(&body).await;
    let events: Vec<_> = world
        .news("account_update")
        .await
        .iter()
        .map(|it| it["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["DISABLED_UPDATE", "ACCOUNT_RESTRICTION"]);
    assert!(!graph.trouble_account("unknown", None));
}

#[tokio::test]
async fn a_number_that_is_not_registered_does_not_send() {
    let world = World::new().await;
    world.write(0).await;
    let body = text(&world.customer(0).wa_id, "hi");
    assert_eq!(
        world
            .post(format_args!("{}/deregister", world.number()), &json!({}))
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(world.refused(&body).await, 133010);
    let pin = |pin: &str| json!({"messaging_product": "whatsapp", "pin": pin});
    assert_eq!(
        code(
            &world
                .post(format_args!("{}/register", world.number()), &pin("12"))
                .await
                .1
        ),
        100
    );
    assert_eq!(
        world
            .post(format_args!("{}/register", world.number()), &pin("123456"))
            .await
            .0,
        StatusCode::OK
    );
    world.accepted(&body).await;
}

#[tokio::test]
async fn an_app_is_subscribed_with_an_override_or_without_or_not_at_all() {
    let world = World::new().await;
    let path = format!("{}/subscribed_apps", world.waba());
    let (_, list) = world.get(&path).await;
    assert_eq!(list["data"][0]["whatsapp_business_api_data"]["id"], "634974688087057");
    let (of_account, of_number) = (Receiver::default().start().await, Receiver::default().start().await);
    let body = json!({"override_callback_uri": of_account, "verify_token": "token"});
    assert_eq!(
        world.post(&path, &body).await,
        (StatusCode::OK, json!({"success": true}))
    );
    assert_eq!(world.get(&path).await.1["data"][0]["override_callback_uri"], of_account);
    let (_, account) = world.get(format_args!("{}?fields=subscribed_apps", world.waba())).await;
    assert_eq!(account["subscribed_apps"], world.get(&path).await.1);
    let long = json!({"override_callback_uri": format!("https://{}", "a".repeat(200))});
    assert_eq!(code(&world.post(&path, &long).await.1), 100);

    let own = json!({"webhook_configuration": {"override_callback_uri": of_number, "verify_token": "token"}});
    assert_eq!(world.post(world.number(), &own).await.0, StatusCode::OK);
    let (_, number) = world
        .get(format_args!("{}?fields=webhook_configuration", world.number()))
        .await;
    assert_eq!(number["webhook_configuration"]["phone_number"], of_number);
    assert_eq!(number["webhook_configuration"]["whatsapp_business_account"], of_account);

    // A body with nothing in it takes the override away.
    assert_eq!(world.call(Method::POST, &path, None).await.0, StatusCode::OK);
    assert!(
        world.get(&path).await.1["data"][0]
            .get("override_callback_uri")
            .is_none()
    );
    assert_eq!(world.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert_eq!(world.get(&path).await.1["data"], json!([]));
}

#[tokio::test]
async fn settings_and_profile_are_kept() {
    let world = World::new().await;
    let path = format!("{}/settings", world.number());
    let body = json!({"user_identity_change": {"enable_identity_key_check": true}});
    assert_eq!(world.post(&path, &body).await.0, StatusCode::OK);
    assert_eq!(
        world.get(&path).await.1["user_identity_change"]["enable_identity_key_check"],
        true
    );
    let path = format!("{}/whatsapp_business_profile", world.number());
    let about = |about: &str| json!({"messaging_product": "whatsapp", "about": about});
    assert_eq!(world.post(&path, &about("Lamps")).await.0, StatusCode::OK);
    assert_eq!(
        world.get(format_args!("{path}?fields=about")).await.1["data"][0]["about"],
        "Lamps"
    );
    assert_eq!(code(&world.post(&path, &about(&"x".repeat(140))).await.1), 131009);
}

#[tokio::test]
async fn a_profile_has_an_industry_before_it_is_set_and_one_that_can_be_chosen_after() {
    let world = World::new().await;
    let path = format!("{}/whatsapp_business_profile", world.number());
    let (_, list) = world.get(format_args!("{path}?fields=vertical,email")).await;
    assert_eq!(
        list["data"],
        json!([{"messaging_product": "whatsapp", "vertical": "UNDEFINED"}])
    );
    let set = |member: &str, value: &str| json!({"messaging_product": "whatsapp", member: value});
    assert_eq!(world.post(&path, &set("vertical", "RETAIL")).await.0, StatusCode::OK);
    for industry in ["UNDEFINED", "NOT_A_BIZ", "LAMPS"] {
        assert_eq!(code(&world.post(&path, &set("vertical", industry)).await.1), 131009);
    }
    let handle = set("profile_picture_handle", "4::abc");
    assert_eq!(world.post(&path, &handle).await.0, StatusCode::OK);
    let profile = &world.get(&path).await.1["data"][0];
    assert_eq!(profile["vertical"], "RETAIL");
    assert!(profile["profile_picture_url"].is_string(), "{profile}");
    assert!(profile.get("profile_picture_handle").is_none(), "{profile}");
}

#[tokio::test]
async fn parameters_that_became_errors_are_refused_and_others_are_not_looked_at() {
    let world = World::new().await;
    let number = world.number();
    for query in ["?date_format=U", "?fields=id&date_format=c"] {
        assert_eq!(code(&world.get(format_args!("{number}{query}")).await.1), 100);
    }
    assert_eq!(code(&world.get(format_args!("?ids={number}")).await.1), 100);
    let (status, _) = world.get(format_args!("{number}?pretty=0&debug=all")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_send_may_name_the_account_that_pays() {
    let world = World::new().await;
    world.write(0).await;
    let with = |member: &str, id: &str| {
        let mut body = text(&world.customer(0).wa_id, "hi");
        body[member] = json!(id);
        body
    };
    for member in ["messaging_account_id", "paid_messaging_account_id"] {
        world.accepted(&with(member, world.waba())).await;
        assert_eq!(world.refused(&with(member, "1")).await, 100);
    }
    let mut both = with("messaging_account_id", world.waba());
    both["paid_messaging_account_id"] = json!("1");
    world.accepted(&both).await;
    let funding = format!("{}?fields=primary_funding_id", world.waba());
    assert!(world.get(&funding).await.1["primary_funding_id"].is_string());
    world
        .simulator
        .graph()
        .trouble_account(world.waba(), Some(Trouble::Payment));
    assert!(world.get(&funding).await.1.get("primary_funding_id").is_none());
}

#[tokio::test]
async fn a_message_of_a_group_can_be_read() {
    let world = World::new().await;
    let webhook = world.simulator.write(0, Shape::InGroup, None).unwrap();
    world.simulator.deliver(webhook).await;
    let wamid = world.simulator.ledger().messages.last().unwrap().item.wamid.clone();
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": wamid});
    assert_eq!(world.send(&read).await.0, StatusCode::OK);
}
