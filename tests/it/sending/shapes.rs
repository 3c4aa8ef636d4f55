//! Shapes of messages as Meta documents them and people send them: carousels with replies, bills, and what is refused in which words.

use chrono::TimeDelta;
use mainstay_sim::{Category, TemplateSeed};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::World;
use crate::support::app::WABA;

fn interactive(world: &World, to: &str, interactive: &Value) -> Value {
    json!({ "channel_id": world.channel, "to": { "phone": to }, "type": "interactive", "interactive": interactive })
}

/// What Meta's side took under `interactive` or `template`.
async fn taken(world: &World, request: Value) -> Value {
    let kind = request["type"].as_str().unwrap().to_owned();
    let id = world.send(request).await;
    world
        .until_is(&id, "it is accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    world.simulator.graph().sends().last().unwrap().json()[kind].clone()
}

async fn refused(world: &World, request: Value) -> Value {
    let answer = world.post("messages", request.clone()).await;
    assert_eq!(answer.problem(422), "invalid-field", "{request}: {}", answer.text());
    answer.json()
}

/// Cards with one reply each; `ids` are those of the replies.
fn carousel(kind: Option<&str>, ids: [&str; 2]) -> Value {
    let card = |(index, id): (usize, &str)| {
        let button = json!({ "type": "quick_reply", "quick_reply": { "id": id, "title": "Tell me more" } });
        let picture = json!({ "type": "image", "image": { "link": "https://flora.example/rose.jpg" } });
        let mut card = json!({ "card_index": index, "header": picture, "body": { "text": "A rose" }, "action": { "buttons": [button] } });
        if let Some(kind) = kind {
            card["type"] = json!(kind);
        }
        card
    };
    let cards: Vec<Value> = ids.into_iter().enumerate().map(card).collect();
    json!({ "type": "carousel", "body": { "text": "New in" }, "action": { "cards": cards } })
}

fn money(value: i64) -> Value {
    json!({ "value": value, "offset": 100 })
}

fn bill(reference: &str) -> Value {
    json!({
        "reference_id": reference, "type": "digital-goods", "payment_type": "br", "currency": "BRL",
        "payment_settings": [{ "type": "pix_dynamic_code", "pix_dynamic_code": {
            "code": "00020101", "merchant_name": "Flora", "key": "k", "key_type": "EVP" } }],
        "total_amount": money(700),
        "order": { "status": "pending", "items": [{ "retailer_id": "1", "name": "Voucher", "amount": money(350), "quantity": 2 }],
            "subtotal": money(700), "tax": money(0) },
    })
}

fn order_details(bill: Value) -> Value {
    json!({ "type": "order_details", "body": { "text": "Your order" }, "action": { "name": "review_and_pay", "parameters": bill } })
}

#[both_sizes]
async fn a_carousel_with_replies_is_sent_as_meta_documents_it(world: World) {
    let ana = world.customer(0).await;
    for kind in [Some("cta_url"), None] {
        let sent = taken(&world, interactive(&world, &ana.wa_id, &carousel(kind, ["a", "b"]))).await;
        assert_eq!(sent, carousel(Some("cta_url"), ["a", "b"]));
    }
    let twice = refused(&world, interactive(&world, &ana.wa_id, &carousel(None, ["a", "a"]))).await;
    assert_eq!(
        twice["field"],
        "interactive.action.cards[1].action.buttons[0].quick_reply.id"
    );
    assert!(
        twice["detail"].as_str().unwrap().contains("could not be told apart"),
        "{twice}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_bill_and_what_became_of_it_are_sent_and_one_that_does_not_add_up_is_not(world: World) {
    let ana = world.customer(0).await;
    let whole = order_details(bill("r-1"));
    assert_eq!(taken(&world, interactive(&world, &ana.wa_id, &whole)).await, whole);
    let status = json!({ "type": "order_status", "body": { "text": "Soon" }, "action": { "name": "review_order",
        "parameters": { "reference_id": "r-1", "order": { "status": "processing" } } } });
    assert_eq!(taken(&world, interactive(&world, &ana.wa_id, &status)).await, status);

    let mut wrong = bill("r-2");
    wrong["total_amount"] = money(701);
    let problem = refused(&world, interactive(&world, &ana.wa_id, &order_details(wrong.clone()))).await;
    assert_eq!(problem["field"], "interactive.action.parameters.total_amount.value");
    assert!(problem["detail"].as_str().unwrap().contains("must be 700"), "{problem}");
    let problem = refused(
        &world,
        interactive(&world, &ana.wa_id, &order_details(bill(&"r".repeat(61)))),
    )
    .await;
    assert_eq!(
        (&problem["field"], &problem["limit"]),
        (&json!("interactive.action.parameters.reference_id"), &json!(60))
    );
    let now = world.running.app.clock.now();
    let expiring = |seconds: i64| {
        let mut bill = bill("r-3");
        let timestamp = (now + TimeDelta::seconds(seconds)).timestamp().to_string();
        bill["order"]["expiration"] = json!({ "timestamp": timestamp, "description": "Soon over" });
        bill
    };
    let problem = refused(&world, interactive(&world, &ana.wa_id, &order_details(expiring(290)))).await;
    assert_eq!(
        (&problem["field"], &problem["limit"]),
        (
            &json!("interactive.action.parameters.order.expiration.timestamp"),
            &json!(300)
        )
    );
    taken(&world, interactive(&world, &ana.wa_id, &order_details(expiring(600)))).await;

    // Behind the button of a template, to whoever has not written.
    let components = json!([{ "type": "BODY", "text": "Your order" }, { "type": "BUTTONS", "buttons": [{ "type": "ORDER_DETAILS", "text": "Pay" }] }]);
    let seed = TemplateSeed {
        components,
        ..TemplateSeed::text("pay", "pt_BR", Category::Utility, "")
    };
    world.simulator.graph().add_template(WABA, seed);
    let told = TemplateSeed::text("order_moves", "pt_BR", Category::Utility, "Your order moves.");
    world.simulator.graph().add_template(WABA, told);
    world.fetch_templates().await;
    let with = |name: &str, component: &Value| {
        let mut request = world.template_to("5511987654321", name, "pt_BR", &[]);
        request["template"]["components"] = json!([component]);
        request
    };
    let pay = |bill: Value| {
        json!({ "type": "button", "sub_type": "order_details", "index": 0,
        "parameters": [{ "type": "action", "action": { "order_details": bill } }] })
    };
    assert_eq!(
        taken(&world, with("pay", &pay(bill("r-4")))).await["components"],
        json!([pay(bill("r-4"))])
    );
    for (bill, member) in [
        (wrong, "total_amount.value"),
        (expiring(10), "order.expiration.timestamp"),
    ] {
        let problem = refused(&world, with("pay", &pay(bill))).await;
        assert_eq!(
            problem["field"],
            format!("template.components[0].parameters[0].action.order_details.{member}")
        );
    }
    let moves = |status: &str| {
        json!({ "type": "order_status", "parameters": [{ "type": "order_status",
        "order_status": { "reference_id": "r-4", "order": { "status": status } } }] })
    };
    taken(&world, with("order_moves", &moves("shipped"))).await;
    let problem = refused(&world, with("order_moves", &moves("sold"))).await;
    assert_eq!(
        problem["field"],
        "template.components[0].parameters[0].order_status.order.status"
    );
    world.end().await;
}

#[both_sizes]
async fn what_is_refused_says_what_to_write_and_nothing_of_the_program(world: World) {
    let phone = json!({ "phone": "+491511111111" });
    let text = json!({ "body": "x" });
    let request = |more: Value| {
        let mut request = json!({ "channel_id": world.channel, "to": phone, "type": "text", "text": text });
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    let cases = [
        (
            request(json!({ "to": "491511111111" })),
            "to",
            "phone, user_id, group_id, contact_id and conversation_id",
        ),
        (
            request(json!({ "to": ["491511111111"] })),
            "to",
            "phone, user_id, group_id, contact_id and conversation_id",
        ),
        (
            request(json!({ "to": { "phone": 491_511_111_111_i64 } })),
            "to.phone",
            "must be text",
        ),
        (
            request(json!({ "to": { "number": "491511111111" } })),
            "to.number",
            "there are phone, user_id, group_id, contact_id",
        ),
        (
            request(json!({ "context": "wamid.X" })),
            "context",
            "an object with message_id",
        ),
        (request(json!({ "text": "x" })), "text", "text.body: is missing"),
        (request(json!({ "lane": "fast" })), "lane", "must be one of"),
        (
            request(json!({ "message_template": "hours" })),
            "message_template",
            "an object with id or name",
        ),
        (
            json!({ "to": phone, "type": "text", "text": text }),
            "channel_id",
            "is missing",
        ),
    ];
    for (request, field, words) in cases {
        let problem = refused(&world, request.clone()).await;
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(problem["field"], field, "{problem}");
        assert!(detail.contains(words), "{detail}");
        for word in [
            "struct",
            "enum",
            "variant",
            "expected",
            "invalid type",
            "field",
            "SendRequest",
            "i64",
        ] {
            assert!(!detail.contains(word), "{word}: {detail}");
        }
    }
    world.end().await;
}
