//! Meta's validation: what has which limit, and what a breach is answered. Also the recorded samples.

use axum::http::StatusCode;
use mainstay_sim::Enforcement;
use serde_json::{Value, json};

use super::{World, code, details, message, text};

async fn lenient() -> World {
    World::with(|config| config.graph.enforcement = Enforcement::none()).await
}

fn button(count: usize, title: &str) -> Value {
    let buttons: Vec<Value> = (0..count)
        .map(|place| json!({"type": "reply", "reply": {"id": format!("{place}"), "title": format!("{title}{place}")}}))
        .collect();
    json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": buttons}})
}

fn list(rows: usize) -> Value {
    let rows: Vec<Value> = (0..rows)
        .map(|place| json!({"id": format!("{place}"), "title": "row"}))
        .collect();
    json!({"type": "list", "body": {"text": "?"}, "action": {"button": "Open", "sections": [{"rows": rows}]}})
}

fn contact_request(kind: &str) -> Value {
    json!({"type": kind, "body": {"text": "?"}, "action": {"name": "request_contact_info"}})
}

#[tokio::test]
async fn everything_within_the_limits_is_accepted() {
    let world = lenient().await;
    let card = |place: usize| {
        json!({
            "card_index": place,
            "type": "cta_url",
            "header": {"type": "image", "image": {"link": "https://a.example/1.png"}},
            "body": {"text": "x".repeat(160)},
            "action": {"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://a.example"}},
        })
    };
    for body in [
        message("text", json!({"body": "é".repeat(4_096), "preview_url": true})),
        message(
            "image",
            json!({"link": "https://a.example/1.png", "caption": "x".repeat(1_024)}),
        ),
        message("audio", json!({"id": "123", "voice": true})),
        message("document", json!({"id": "123", "filename": "a.pdf"})),
        message("sticker", json!({"id": "123"})),
        message("location", json!({"latitude": "-33.4", "longitude": 70.6})),
        message(
            "contacts",
            json!([{"name": {"formatted_name": "A B", "first_name": "A"}}]),
        ),
        message("reaction", json!({"message_id": "wamid.x", "emoji": ""})),
        message("interactive", button(3, "title ")),
        message("interactive", list(10)),
        message(
            "interactive",
            json!({"type": "carousel", "body": {"text": "?"}, "action": {"cards": [card(0), card(1)]}}),
        ),
        message(
            "interactive",
            json!({"type": "location_request_message", "body": {"text": "?"}, "action": {"name": "send_location"}}),
        ),
        message(
            "interactive",
            json!({"type": "product", "action": {"catalog_id": 1, "product_retailer_id": "x"}}),
        ),
        message("interactive", contact_request("contact_request")),
        message("interactive", contact_request("request_contact_info")),
        json!({"messaging_product": "whatsapp", "to": "4915123456789", "text": {"body": "no type"}}),
        json!({"messaging_product": "whatsapp", "recipient": "US.13491208655302741918", "type": "text", "text": {"body": "hi"}}),
    ] {
        world.accepted(&body).await;
    }
}

#[tokio::test]
async fn every_breach_is_answered_with_its_code_and_the_place_of_it() {
    let world = lenient().await;
    let mut no_body = button(1, "a");
    no_body["body"] = Value::Null;
    let mut twins = button(2, "a");
    twins["action"]["buttons"][1]["reply"]["title"] = json!("a0");
    let mut opaque = text("4915123456789", "x");
    opaque["biz_opaque_callback_data"] = json!("x".repeat(513));
    let mut group = message("location", json!({"latitude": 1, "longitude": 2}));
    group["recipient_type"] = json!("group");
    let cases = [
        (
            json!({"to": "4915123456789", "type": "text", "text": {"body": "x"}}),
            100,
            "",
        ),
        (
            json!({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}),
            100,
            "to",
        ),
        (text("12ab34", "x"), 131009, "to"),
        (
            json!({"messaging_product": "whatsapp", "recipient": "nobody", "type": "text", "text": {"body": "x"}}),
            131009,
            "recipient",
        ),
        (message("hologram", json!({})), 131051, "hologram"),
        (text("4915123456789", ""), 131009, "text.body"),
        (text("4915123456789", &"x".repeat(4_097)), 131009, "4096"),
        (message("text", json!({})), 131008, "text.body"),
        (opaque, 131009, "biz_opaque_callback_data"),
        (group, 130501, ""),
        (message("image", json!({})), 131008, "image"),
        (
            message("image", json!({"id": "1", "link": "https://a.example"})),
            131009,
            "image.link",
        ),
        (
            message("image", json!({"id": "1", "caption": "x".repeat(1_025)})),
            131009,
            "image.caption",
        ),
        (
            message("audio", json!({"id": "1", "caption": "x"})),
            131009,
            "audio.caption",
        ),
        (
            message("video", json!({"link": "ftp://a.example"})),
            131009,
            "video.link",
        ),
        (
            message("location", json!({"latitude": 91, "longitude": 2})),
            131009,
            "location.latitude",
        ),
        (
            message("contacts", json!([{"name": {"formatted_name": "A"}}])),
            131009,
            "contacts[0].name",
        ),
        (
            message("reaction", json!({"emoji": "x"})),
            131008,
            "reaction.message_id",
        ),
        (message("interactive", json!({})), 131008, "interactive.type"),
        (message("interactive", no_body), 131008, "interactive.body"),
        (
            message("interactive", button(4, "a")),
            131009,
            "interactive.action.buttons",
        ),
        (
            message("interactive", button(1, &"x".repeat(20))),
            131009,
            "interactive.action.buttons[0].reply.title",
        ),
        (message("interactive", twins), 131009, "buttons[1].reply.title"),
        (message("interactive", list(0)), 131009, "interactive.action.sections"),
        (
            message("interactive", list(11)),
            131009,
            "interactive.action.sections[0].rows",
        ),
        (
            message(
                "interactive",
                json!({"type": "cta_url", "body": {"text": "?"}, "action": {"name": "cta_url", "parameters": {"display_text": "x".repeat(21), "url": "https://a.example"}}}),
            ),
            131009,
            "display_text",
        ),
        (
            message(
                "interactive",
                json!({"type": "flow", "body": {"text": "?"}, "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "Go", "flow_id": "1", "flow_name": "x"}}}),
            ),
            131009,
            "flow_name",
        ),
        (
            message(
                "interactive",
                json!({"type": "product_list", "body": {"text": "?"}, "action": {"catalog_id": "1", "sections": []}}),
            ),
            131008,
            "interactive.header",
        ),
        (
            message(
                "interactive",
                json!({"type": "carousel", "body": {"text": "?"}, "action": {"cards": []}}),
            ),
            131009,
            "interactive.action.cards",
        ),
        (message("template", json!({"name": "t"})), 131008, "template.language"),
    ];
    for (body, expected, place) in cases {
        let (status, answer) = world.send(&body).await;
        assert_eq!(code(&answer), expected, "{body}: {answer}");
        assert!(
            status.is_client_error() && details(&answer).contains(place),
            "{body}: {answer}"
        );
    }
    assert_eq!(world.simulator.graph().accepted(), 0);
}

/// Samples whose recipients and ids are placeholders, or that Meta would refuse; why.
const NOT_META: &[(&str, &str)] = &[
    ("send_speech__", "no type of Meta's"),
    ("send_interactive_none__", "an empty interactive"),
    ("send_template_plain_reply__david-lev", "a template without a language"),
    ("send_contacts__clairton", "a name without parts"),
];

/// Every recorded request for a message, made out to somebody who exists, is accepted.
#[tokio::test]
async fn the_recorded_samples_are_accepted() {
    let Some(folder) = std::env::var_os("REQUEST_SAMPLES") else {
        eprintln!("REQUEST_SAMPLES is not set: no samples are looked at");
        return;
    };
    let world = lenient().await;
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_call = ["send_", "mark_read", "typing"].iter().any(|it| name.starts_with(it));
        if !is_call || !name.ends_with(".json") {
            continue;
        }
        let mut body: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if body.get("to").is_some() && body["recipient_type"] != "group" {
            body["to"] = json!("+4915123456789");
        }
        let (status, answer) = world.send(&body).await;
        let excuse = NOT_META.iter().find(|(start, _)| name.starts_with(start));
        assert_eq!(status == StatusCode::OK, excuse.is_none(), "{name}: {answer}");
        seen += 1;
    }
    assert!(seen > 80, "only {seen} samples were found");
}

fn bill() -> Value {
    let money = |value: i64| json!({"value": value, "offset": 100});
    json!({"reference_id": "r-1", "type": "digital-goods", "payment_type": "br", "currency": "BRL", "total_amount": money(900),
        "order": {"status": "pending", "items": [{"name": "Rose", "amount": money(500), "sale_amount": money(400), "quantity": 2}],
            "subtotal": money(800), "tax": money(200), "discount": money(100)}})
}

#[tokio::test]
async fn a_bill_adds_up_and_its_status_is_one_of_metas() {
    let world = lenient().await;
    let details = |bill: Value| {
        message(
            "interactive",
            json!({"type": "order_details", "body": {"text": "?"}, "action": {"name": "review_and_pay", "parameters": bill}}),
        )
    };
    let status = |status: &str| {
        let parameters = json!({"reference_id": "r-1", "order": {"status": status}});
        message(
            "interactive",
            json!({"type": "order_status", "body": {"text": "?"}, "action": {"name": "review_order", "parameters": parameters}}),
        )
    };
    world.accepted(&details(bill())).await;
    world.accepted(&status("partially-shipped")).await;
    let mut wrong = Vec::new();
    for (pointer, value) in [
        ("/total_amount/value", json!(901)),
        ("/order/subtotal/value", json!(1_000)),
        ("/order/tax/offset", json!(10)),
        ("/reference_id", json!("r 1")),
        ("/currency", json!("EUR")),
    ] {
        let mut bill = bill();
        *bill.pointer_mut(pointer).unwrap() = value;
        wrong.push(details(bill));
    }
    wrong.push(status("sold"));
    for body in wrong {
        assert_eq!(code(&world.send(&body).await.1), 131009, "{body}");
    }
}

#[tokio::test]
async fn a_carousel_of_pictures_may_have_replies_with_different_ids() {
    let world = lenient().await;
    let card = |index: usize, id: &str| {
        json!({"card_index": index, "type": "cta_url", "header": {"type": "image", "image": {"link": "https://a.example/1.png"}},
            "action": {"buttons": [{"type": "quick_reply", "quick_reply": {"id": id, "title": "More"}}]}})
    };
    let carousel = |second: &str| {
        message(
            "interactive",
            json!({"type": "carousel", "body": {"text": "?"}, "action": {"cards": [card(0, "a"), card(1, second)]}}),
        )
    };
    world.accepted(&carousel("b")).await;
    assert_eq!(code(&world.send(&carousel("a")).await.1), 131009);
}
