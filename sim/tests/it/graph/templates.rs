//! Templates: made, judged, listed, filled.

use std::time::Duration;

use axum::http::StatusCode;
use mainstay_sim::{Category, Moderation, TemplatePatch, TemplateSeed, TemplateStatus, Verdict};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, code, details, template};

pub(super) const TO: &str = "4915123456789";

impl World {
    pub(super) fn templates(&self) -> String {
        format!("{}/message_templates", self.waba())
    }

    async fn create(&self, name: &str, body: &str) -> (StatusCode, Value) {
        self.post(self.templates(), &draft(name, json!([{"type": "BODY", "text": body}])))
            .await
    }

    pub(super) async fn created(&self, name: &str) -> String {
        let (status, answer) = self.create(name, "Hello {{1}}, here is something new.").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn status_of(&self, id: &str) -> String {
        self.get(format_args!("{id}?fields=status")).await.1["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(super) fn stock(&self, components: Value) {
        let seed = TemplateSeed {
            components,
            ..TemplateSeed::text("stocked", "en_US", Category::Marketing, "")
        };
        self.simulator.graph().add_template(self.waba(), seed);
    }

    pub(super) async fn fill(&self, components: Value) -> (StatusCode, Value) {
        let mut body = template(TO, "stocked", "en_US", &[]);
        body["template"]["components"] = components;
        self.send(&body).await
    }
}

fn draft(name: &str, components: Value) -> Value {
    json!({"name": name, "language": "en_US", "category": "UTILITY", "components": components})
}

pub(super) async fn moderated(verdict: Verdict, after_ms: u64) -> World {
    World::with(|config| {
        config.graph.moderation = Moderation {
            verdict,
            after_ms,
            ..Moderation::default()
        };
    })
    .await
}

#[tokio::test]
async fn a_template_waits_for_review_and_is_approved_with_a_webhook() {
    let world = moderated(Verdict::Approve, 300).await;
    let (_, answer) = world.create("fresh", "Hello {{1}}, here is something new.").await;
    assert_eq!(
        (&answer["status"], &answer["category"]),
        (&json!("PENDING"), &json!("UTILITY"))
    );
    assert_eq!(world.refused(&template(TO, "fresh", "en_US", &["Ana"])).await, 132001);
    crate::receiver::until(|| !world.simulator.ledger().other.is_empty()).await;
    let news = world.news("message_template_status_update").await;
    assert_eq!(
        (&news[0]["event"], &news[0]["reason"]),
        (&json!("APPROVED"), &json!("NONE"))
    );
    assert_eq!(
        news[0]["message_template_id"].as_u64().unwrap().to_string(),
        answer["id"].as_str().unwrap()
    );
    world.accepted(&template(TO, "fresh", "en_US", &["Ana"])).await;
    assert_eq!(world.statuses().await[0]["pricing"]["category"], "utility");
}

#[tokio::test]
async fn a_template_is_rejected_with_a_reason_or_held_until_somebody_decides() {
    let world = moderated(Verdict::Reject, 0).await;
    let (_, answer) = world.create("bad", "Hello {{1}}, here is something new.").await;
    assert_eq!(answer["status"], "REJECTED");
    let id = answer["id"].as_str().unwrap();
    assert_eq!(
        world.get(format_args!("{id}?fields=rejected_reason")).await.1["rejected_reason"],
        "INVALID_FORMAT"
    );
    assert_eq!(
        world.news("message_template_status_update").await[0]["event"],
        "REJECTED"
    );

    let graph = world.simulator.graph();
    graph.set_moderation(Moderation {
        verdict: Verdict::Hold,
        ..Moderation::default()
    });
    let held = world.created("held").await;
    assert_eq!(world.status_of(&held).await, "PENDING");
    let approve = TemplatePatch {
        status: Some(TemplateStatus::Approved),
        ..TemplatePatch::default()
    };
    assert!(graph.change_template(&held, approve));
    world.accepted(&template(TO, "held", "en_US", &["Ana"])).await;
}

#[tokio::test]
async fn paused_and_disabled_templates_are_not_sent_and_unpausing_helps() {
    let world = World::new().await;
    let id = "1100000000000001";
    let hello = template(TO, "hello_world", "en_US", &[]);
    let to = |status| TemplatePatch {
        status: Some(status),
        ..TemplatePatch::default()
    };
    let graph = world.simulator.graph();
    graph.change_template(id, to(TemplateStatus::Paused));
    assert_eq!(world.refused(&hello).await, 132015);
    assert_eq!(
        world.post(format_args!("{id}/unpause"), &json!({})).await,
        (StatusCode::OK, json!({"success": true}))
    );
    world.accepted(&hello).await;
    graph.change_template(id, to(TemplateStatus::Disabled));
    assert_eq!(world.refused(&hello).await, 132016);
    assert_eq!(code(&world.post(format_args!("{id}/unpause"), &json!({})).await.1), 100);
    let news = world.news("message_template_status_update").await;
    let events: Vec<_> = news.iter().map(|value| value["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["PAUSED", "UNPAUSED", "DISABLED"]);
    graph.change_template(
        id,
        TemplatePatch {
            quality: Some("RED".to_owned()),
            ..TemplatePatch::default()
        },
    );
    let news = world.news("message_template_quality_update").await;
    assert_eq!(
        (&news[0]["previous_quality_score"], &news[0]["new_quality_score"]),
        (&json!("UNKNOWN"), &json!("RED"))
    );
}

#[tokio::test]
async fn lists_come_in_pages_with_cursors_and_filters() {
    let world = moderated(Verdict::Hold, 0).await;
    for place in 0..7 {
        world.created(&format!("new_{place}")).await;
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = world
            .get(format_args!("{}?limit=4&fields=name&after={after}", world.templates()))
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let data = page["data"].as_array().unwrap();
        assert!(
            data.iter()
                .all(|it| it.get("components").is_none() && it["id"].is_string())
        );
        names.extend(data.iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        after = page["paging"]["cursors"]["after"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if page["paging"].get("next").is_none() {
            break;
        }
        let next = page["paging"]["next"].as_str().unwrap();
        assert!(next.contains(&after) && next.contains("fields=name"), "{next}");
    }
    assert_eq!(names.len(), 11);
    assert_eq!(names[10], "new_6");
    let pending = world
        .get(format_args!("{}?status=PENDING&name=new_3", world.templates()))
        .await
        .1;
    assert_eq!(pending["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        code(&world.get(format_args!("{}?after=stale", world.templates())).await.1),
        131059
    );
}

#[tokio::test]
async fn a_template_is_edited_once_a_day_and_its_name_rests_after_deletion() {
    let world = moderated(Verdict::Approve, 0).await;
    let id = world.created("mine").await;
    let edit =
        json!({"components": [{"type": "BODY", "text": "Hello {{1}} and {{2}}, here is news for both of you."}]});
    assert_eq!(world.post(&id, &edit).await.0, StatusCode::OK);
    world.accepted(&template(TO, "mine", "en_US", &["Ana", "Bo"])).await;
    assert_eq!(code(&world.post(&id, &edit).await.1), 100);
    world.simulator.advance(Duration::from_secs(86_400));
    assert_eq!(world.post(&id, &edit).await.0, StatusCode::OK);
    assert_eq!(code(&world.post(&id, &json!({"category": "MARKETING"})).await.1), 100);

    let path = format!("{}?name=mine", world.templates());
    assert_eq!(world.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert_eq!(
        world.refused(&template(TO, "mine", "en_US", &["Ana", "Bo"])).await,
        132001
    );
    assert_eq!(code(&world.call(Method::DELETE, &path, None).await.1), 100);
    assert_eq!(
        world.create("mine", "Hello again to all of you.").await.0,
        StatusCode::BAD_REQUEST
    );
    world.simulator.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(
        world.create("mine", "Hello again to all of you.").await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn templates_that_break_the_rules_are_not_made() {
    let world = moderated(Verdict::Approve, 0).await;
    let body = |text: &str| json!([{"type": "BODY", "text": text}]);
    let with = |component: Value| json!([{"type": "BODY", "text": "Some words."}, component]);
    let buttons = |kinds: &[&str]| {
        let buttons: Vec<_> = kinds.iter().map(|kind| json!({"type": kind, "text": "x", "url": "https://a.example", "phone_number": "1", "example": "x"})).collect();
        with(json!({"type": "BUTTONS", "buttons": buttons}))
    };
    for (components, subcode, place) in [
        (json!([]), None, "components"),
        (json!([{"type": "FOOTER", "text": "x"}]), None, "BODY"),
        (body(&"x".repeat(1_025)), None, "components[0].text"),
        (
            body("{{1}} is how it begins, as it should not."),
            Some(2_388_299),
            "begin",
        ),
        (
            body("Too {{1}} many {{2}} of {{3}} them."),
            Some(2_388_293),
            "variables",
        ),
        (
            body("Counting {{2}} from two is something nobody should do."),
            None,
            "number",
        ),
        (
            with(json!({"type": "HEADER", "format": "TEXT", "text": "{{1}} {{2}}"})),
            None,
            "header".split('h').next().unwrap(),
        ),
        (
            with(json!({"type": "HEADER", "format": "TEXT", "text": "x".repeat(61)})),
            None,
            "60",
        ),
        (with(json!({"type": "FOOTER", "text": "{{1}}"})), None, "variables"),
        (buttons(&["URL", "URL", "URL"]), None, "url"),
        (buttons(&["QUICK_REPLY", "URL", "QUICK_REPLY"]), None, "side by side"),
        (buttons(&["QUICK_REPLY"; 11]), None, "10"),
    ] {
        let (_, answer) = world.post(world.templates(), &draft("broken", components)).await;
        assert_eq!(code(&answer), 100, "{answer}");
        assert_eq!(answer["error"]["error_subcode"].as_i64(), subcode, "{answer}");
        assert!(details(&answer).contains(place), "{answer}");
    }
    let good = |name: &str| draft(name, body("Some words."));
    assert_eq!(code(&world.post(world.templates(), &good("Upper")).await.1), 100);
    assert_eq!(world.post(world.templates(), &good("twin")).await.0, StatusCode::OK);
    assert_eq!(code(&world.post(world.templates(), &good("twin")).await.1), 100);
    let mut other = good("other");
    other["category"] = json!("CHIT_CHAT");
    assert_eq!(code(&world.post(world.templates(), &other).await.1), 100);
}

#[tokio::test]
async fn an_account_has_250_templates_at_most() {
    let world = World::with(|config| {
        let text = |place| TemplateSeed::text(&format!("t{place}"), "en_US", Category::Utility, "x");
        config.graph.templates = (0..250).map(text).collect();
    })
    .await;
    let (_, answer) = world.create("one_more", "Some words.").await;
    assert_eq!(answer["error"]["error_subcode"], 2_388_019);
}

#[tokio::test]
async fn what_a_send_fills_in_must_fit_the_template() {
    let world = World::new().await;
    let (status, answer) = world.send(&template(TO, "order_shipped", "en_US", &["Ana"])).await;
    assert_eq!((status, code(&answer)), (StatusCode::BAD_REQUEST, 132000));
    assert!(
        details(&answer).contains("(1) does not match the expected number of params (2)"),
        "{answer}"
    );
    let (status, answer) = world.send(&template(TO, "order_shipped", "de", &["Ana", "7"])).await;
    assert_eq!((status, code(&answer)), (StatusCode::NOT_FOUND, 132001));
    assert_eq!(
        world
            .refused(&template(TO, "order_shipped", "en_US", &["Ana", "line\nbreak"]))
            .await,
        132018
    );
    let (_, answer) = world.send(&template(TO, "order_shipped", "en_US", &["Ana", "7"])).await;
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
}

#[tokio::test]
async fn headers_buttons_cards_and_offers_are_filled_like_they_were_approved() {
    let world = World::new().await;
    world.stock(json!([
        {"type": "HEADER", "format": "IMAGE"},
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "x", "has_expiration": true}},
        {"type": "BODY", "text": "Hi {{first_name}}, look."},
        {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "x"}, {"type": "URL", "text": "x", "url": "https://a.example/{{1}}"}]},
    ]));
    let header =
        json!({"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.example/1.png"}}]});
    let body = json!({"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]});
    let offer = json!({"type": "limited_time_offer", "parameters": [{"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": 1}}]});
    let coupon = json!({"type": "button", "sub_type": "COPY_CODE", "index": 0, "parameters": [{"type": "coupon_code", "coupon_code": "25OFF"}]});
    let link =
        json!({"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "abc"}]});
    let whole = [&header, &body, &offer, &coupon, &link];
    let (status, answer) = world.fill(json!(whole)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    let expected = [132012, 132000, 132012, 131008, 131008];
    for (missing, expected) in expected.into_iter().enumerate() {
        let mut parts = whole.to_vec();
        parts.remove(missing);
        let (_, answer) = world.fill(json!(parts)).await;
        assert_eq!(code(&answer), expected, "without {}: {answer}", whole[missing]);
    }
    let mut video = header.clone();
    video["parameters"][0] = json!({"type": "video", "video": {"link": "https://a.example"}});
    assert_eq!(
        code(&world.fill(json!([video, body, offer, coupon, link])).await.1),
        132012
    );
    let mut misnamed = body.clone();
    misnamed["parameters"][0]["parameter_name"] = json!("last_name");
    assert_eq!(
        code(&world.fill(json!([header, misnamed, offer, coupon, link])).await.1),
        132012
    );
    let mut elsewhere = link.clone();
    elsewhere["index"] = json!("5");
    assert_eq!(
        code(&world.fill(json!([header, body, offer, coupon, elsewhere])).await.1),
        131009
    );
}
