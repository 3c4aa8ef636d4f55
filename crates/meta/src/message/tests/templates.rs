//! Template messages.

use serde_json::{Value, json};

use super::{parse, refused};

fn template(components: Value) -> Value {
    json!({ "name": "t", "language": { "code": "en_US" }, "components": components })
}

fn body(parameters: Value) -> Value {
    template(json!([{ "type": "body", "parameters": parameters }]))
}

#[track_caller]
fn taken(payload: &Value) {
    let message = parse("template", payload).unwrap_or_else(|invalid| panic!("{payload}: {invalid}"));
    assert_eq!(serde_json::to_value(&message).unwrap(), *payload);
}

#[test]
fn components_keep_what_we_do_not_know() {
    taken(&template(json!([
        { "type": "TAP_TARGET_CONFIGURATION", "parameters": [{ "type": "tap_target_configuration", "tap_target_configuration": [{ "url": "u" }] }] },
        { "type": "header", "new_member": { "x": 1 }, "parameters": [{ "type": "document", "document": { "id": "1", "filename": "a.pdf", "new": 1 }, "also": 2 }] },
        { "type": "button", "sub_type": "mpm", "index": 0, "parameters": [{ "type": "action", "action": { "sections": [{ "new": [1] }] } }] },
        { "type": "button", "sub_type": "voice_call", "parameters": [{ "type": "ttl_minutes", "ttl_minutes": 100 }] },
        { "type": "new_kind" },
    ])));
}

#[test]
fn every_documented_kind_of_parameter_is_taken() {
    taken(&body(json!([
        { "type": "text", "text": "Jessica" },
        { "type": "currency", "currency": { "fallback_value": "$25.00", "code": "USD", "amount_1000": 25_000 } },
        { "type": "date_time", "date_time": { "fallback_value": "February 25, 1977" } },
    ])));
    taken(&template(json!([
        { "type": "header", "parameters": [{ "type": "location", "location": { "latitude": "1", "longitude": "2", "name": "n", "address": "a" } }] },
        { "type": "limited_time_offer", "parameters": [{ "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": 1_209_600_000 } }] },
        { "type": "button", "sub_type": "copy_code", "index": 0, "parameters": [{ "type": "coupon_code", "coupon_code": "CARIBE25" }] },
    ])));
    // A one-time code stands in the body and in the button.
    taken(&template(json!([
        { "type": "body", "parameters": [{ "type": "text", "text": "J$FpnYnP" }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "J$FpnYnP" }] },
    ])));
}

#[test]
fn variables_are_all_named_or_all_counted() {
    let named = |name: &str| json!({ "type": "text", "text": "x", "parameter_name": name });
    taken(&body(json!([named("a"), named("b")])));
    assert_eq!(
        refused("template", &body(json!([named("a"), { "type": "text", "text": "x" }]))).field,
        "template.components[0].parameters"
    );
    let twice = refused("template", &body(json!([named("a"), named("a")])));
    assert_eq!(twice.field, "template.components[0].parameters[1]");
}

#[test]
fn a_value_has_no_breaks_in_it() {
    for text in ["a\nb", "a\tb", "a\rb", "a     b"] {
        let invalid = refused("template", &body(json!([{ "type": "text", "text": text }])));
        assert_eq!(invalid.field, "template.components[0].parameters[0].text", "{text:?}");
    }
    taken(&body(json!([{ "type": "text", "text": "a    b" }])));
}

#[test]
fn limits_of_components_hold() {
    let header =
        |text: String| template(json!([{ "type": "HEADER", "parameters": [{ "type": "text", "text": text }] }]));
    taken(&header("x".repeat(60)));
    assert_eq!(refused("template", &header("x".repeat(61))).limit, Some(60));
    let two =
        json!([{ "type": "header", "parameters": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] }]);
    assert_eq!(refused("template", &template(two)).limit, Some(1));
    let coupon = |code: String| {
        template(
            json!([{ "type": "button", "sub_type": "COPY_CODE", "index": 1, "parameters": [{ "type": "coupon_code", "coupon_code": code }] }]),
        )
    };
    taken(&coupon("x".repeat(20)));
    assert_eq!(refused("template", &coupon("x".repeat(21))).limit, Some(20));
    let button = |index: Value| template(json!([{ "type": "button", "sub_type": "url", "index": index }]));
    taken(&button(json!(9)));
    taken(&button(json!("9")));
    for index in [json!(10), json!("10"), json!(-1), json!("first")] {
        assert_eq!(
            refused("template", &button(index)).field,
            "template.components[0].index"
        );
    }
    let card = |n: usize| json!({ "card_index": n, "components": [], "new": 1 });
    let carousel =
        |count: usize| template(json!([{ "type": "carousel", "cards": (0..count).map(card).collect::<Vec<_>>() }]));
    taken(&carousel(2));
    taken(&carousel(10));
    assert_eq!(
        (
            refused("template", &carousel(1)).limit,
            refused("template", &carousel(11)).limit
        ),
        (Some(2), Some(10))
    );
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (json!({ "language": { "code": "en" } }), "template.name"),
        (
            json!({ "name": "Order Confirmation", "language": { "code": "en" } }),
            "template.name",
        ),
        (json!({ "name": "t" }), "template.language"),
        (json!({ "name": "t", "language": {} }), "template.language.code"),
        (
            json!({ "name": "t", "language": { "code": "en us" } }),
            "template.language.code",
        ),
        (
            json!({ "name": "t", "language": { "code": "en", "policy": "fallback" } }),
            "template.language.policy",
        ),
        (
            json!({ "name": "t", "language": { "code": "en" }, "namespace": "x" }),
            "template.namespace",
        ),
        (template(json!({})), "template.components"),
        (template(json!([{}])), "template.components[0].type"),
        (
            template(json!([{ "type": "button" }])),
            "template.components[0].sub_type",
        ),
        (
            template(json!([{ "type": "carousel" }])),
            "template.components[0].cards",
        ),
        (body(json!([{}])), "template.components[0].parameters[0].type"),
        (
            body(json!([{ "type": "text" }])),
            "template.components[0].parameters[0].text",
        ),
        (
            body(json!([{ "type": "currency", "currency": {} }])),
            "template.components[0].parameters[0].currency.fallback_value",
        ),
        (
            body(json!([{ "type": "image", "image": {} }])),
            "template.components[0].parameters[0].image",
        ),
        (
            body(json!([{ "type": "image", "image": { "link": "x" } }])),
            "template.components[0].parameters[0].image.link",
        ),
    ];
    for (payload, field) in cases {
        assert_eq!(refused("template", &payload).field, field, "{payload}");
    }
}
