//! Bills and their statuses.

use chrono::DateTime;
use serde_json::{Value, json};

use super::{interactive, parse, refused};

fn money(value: i64) -> Value {
    json!({ "value": value, "offset": 100 })
}

fn order_details(parameters: Value) -> Value {
    interactive(
        "order_details",
        json!({ "action": { "name": "review_and_pay", "parameters": parameters } }),
    )
}

/// A bill in Brazil, with all its members.
pub(super) fn pix() -> Value {
    order_details(json!({
        "reference_id": "order_17-1", "type": "physical-goods", "payment_type": "br", "currency": "BRL",
        "payment_settings": [{ "type": "pix_dynamic_code", "pix_dynamic_code": {
            "code": "0002010102", "merchant_name": "Flora", "key": "39580525000189", "key_type": "CNPJ" } }],
        "total_amount": money(2_650),
        "order": {
            "status": "pending", "catalog_id": "77", "expiration": { "timestamp": "1900000000", "description": "Two days" },
            "items": [
                { "retailer_id": "rosa", "name": "Rose", "amount": money(1_000), "sale_amount": money(900), "quantity": 2 },
                { "retailer_id": "vaso", "name": "Vase", "amount": money(500), "quantity": 1 },
            ],
            "subtotal": money(2_300), "tax": { "value": 100, "offset": "100", "description": "Included" },
            "shipping": money(450), "discount": { "value": 200, "offset": 100, "discount_program_name": "Spring" },
        },
    }))
}

/// A bill in India.
pub(super) fn upi() -> Value {
    order_details(json!({
        "reference_id": "order.17", "type": "physical-goods", "payment_type": "upi", "payment_configuration": "main", "currency": "INR",
        "beneficiaries": [{ "name": "Asha", "address_line1": "1 MG Road", "address_line2": "Camp", "city": "Pune", "state": "Maharashtra",
            "country": "India", "postal_code": "411001" }],
        "payment_settings": [{ "type": "upi_intent_link", "upi_intent_link": { "link": "upi://pay?pa=flora@bank&tr=17" } }],
        "total_amount": money(21_000),
        "order": {
            "status": "pending", "type": "quick_pay",
            "items": [{ "name": "Rose", "amount": money(10_000), "quantity": 2, "image": { "link": "https://a.example/1.png" },
                "country_of_origin": "India", "importer_name": "Flora" }],
            "subtotal": money(20_000), "tax": money(0), "shipping": money(1_000),
        },
    }))
}

pub(super) fn status() -> Value {
    let parameters = json!({ "reference_id": "order_17-1", "order": { "status": "shipped", "description": "On its way" },
        "payment": { "status": "captured", "timestamp": 1_722_445_231 } });
    interactive(
        "order_status",
        json!({ "action": { "name": "review_order", "parameters": parameters } }),
    )
}

/// The same with something else at a place.
fn with(mut payload: Value, pointer: &str, value: Value) -> Value {
    let (above, member) = pointer.rsplit_once('/').unwrap();
    let above = payload.pointer_mut(&format!("/action/parameters{above}")).unwrap();
    match above {
        Value::Array(list) => list[member.parse::<usize>().unwrap()] = value,
        object => object[member] = value,
    }
    payload
}

#[test]
fn what_is_left_out_is_not_missed_where_it_is_optional() {
    let bare = |payload: Value, pointer: &str| with(payload, pointer, Value::Null);
    for payload in [
        bare(pix(), "/order"),
        bare(pix(), "/payment_settings"),
        bare(pix(), "/order/expiration"),
        bare(pix(), "/order/expiration/description"),
        bare(upi(), "/payment_settings"),
        bare(upi(), "/payment_type"),
        with(
            bare(upi(), "/beneficiaries"),
            "/shipping_info",
            json!({ "country": "IN" }),
        ),
        bare(status(), "/order"),
        bare(status(), "/payment"),
        with(status(), "/order/status", json!("partially_shipped")),
    ] {
        let message = parse("interactive", &payload).unwrap_or_else(|invalid| panic!("{payload}: {invalid}"));
        let written = serde_json::to_string(&message).unwrap();
        assert!(!written.contains("null"), "{written}");
    }
}

#[test]
fn a_bill_that_meta_would_refuse_is_refused_with_its_place() {
    let long = |count: usize| json!("x".repeat(count));
    let cases = [
        (
            with(pix(), "/total_amount/value", json!(2_651)),
            "total_amount.value",
            None,
        ),
        (
            with(pix(), "/order/subtotal/value", json!(2_500)),
            "order.subtotal.value",
            None,
        ),
        (with(pix(), "/order/tax", Value::Null), "order.tax", None),
        (with(pix(), "/order/tax/offset", json!(10)), "order.tax.offset", None),
        (
            with(pix(), "/order/items/0/amount/value", json!(-1)),
            "order.items[0].amount.value",
            None,
        ),
        (
            with(pix(), "/order/items/0/amount/value", json!(9.5)),
            "order.items[0].amount.value",
            None,
        ),
        (
            with(pix(), "/order/items/0/quantity", json!(0)),
            "order.items[0].quantity",
            Some(i64::MAX as u64),
        ),
        (
            with(pix(), "/order/items/0/name", long(61)),
            "order.items[0].name",
            Some(60),
        ),
        (with(pix(), "/order/items", json!([])), "order.items", Some(1)),
        (with(pix(), "/order/status", json!("shipped")), "order.status", None),
        (with(pix(), "/order/shipping", Value::Null), "total_amount.value", None),
        (
            with(pix(), "/order/expiration/description", long(121)),
            "order.expiration.description",
            Some(120),
        ),
        (
            with(pix(), "/order/expiration/timestamp", json!("soon")),
            "order.expiration.timestamp",
            None,
        ),
        (
            with(pix(), "/order/items/0/image", json!({ "link": "https://a.example" })),
            "order.items[0].image",
            None,
        ),
        (with(pix(), "/reference_id", long(61)), "reference_id", Some(60)),
        (with(pix(), "/reference_id", json!("order 17")), "reference_id", None),
        (with(pix(), "/currency", json!("brl")), "currency", None),
        (with(pix(), "/currency", json!("USD")), "currency", None),
        (with(pix(), "/payment_type", Value::Null), "payment_type", None),
        (with(pix(), "/type", json!("goods")), "type", None),
        (
            with(pix(), "/payment_settings/0/type", json!("upi_intent_link")),
            "payment_settings[0].type",
            None,
        ),
        (
            with(pix(), "/payment_settings/0/pix_dynamic_code/key_type", json!("cnpj")),
            "payment_settings[0].pix_dynamic_code.key_type",
            None,
        ),
        (with(upi(), "/reference_id", long(36)), "reference_id", Some(35)),
        (with(upi(), "/order", Value::Null), "order", None),
        (with(upi(), "/beneficiaries", Value::Null), "beneficiaries", None),
        (
            with(upi(), "/beneficiaries/0/postal_code", json!("4110")),
            "beneficiaries[0].postal_code",
            None,
        ),
        (
            with(
                upi(),
                "/payment_settings/0/upi_intent_link/link",
                json!("https://a.example"),
            ),
            "payment_settings[0].upi_intent_link.link",
            None,
        ),
        (with(status(), "/order/status", json!("captured")), "order.status", None),
        (
            with(status(), "/payment/status", json!("shipped")),
            "payment.status",
            None,
        ),
        (
            with(status(), "/order/description", long(121)),
            "order.description",
            Some(120),
        ),
    ];
    for (payload, field, limit) in cases {
        let invalid = refused("interactive", &payload);
        let found = invalid.field.strip_prefix("interactive.action.parameters.");
        assert_eq!((found, invalid.limit), (Some(field), limit), "{payload}: {invalid}");
    }
    let no_shipping = with(
        with(pix(), "/order/shipping", Value::Null),
        "/total_amount/value",
        json!(2_200),
    );
    let invalid = refused("interactive", &no_shipping);
    assert!(invalid.to_string().contains("order.shipping: is missing"), "{invalid}");
    let pictures: Vec<Value> = (0..11)
        .map(|n| json!({ "name": "x", "amount": money(n), "quantity": 1, "image": { "link": "https://a.example/1.png" } }))
        .collect();
    let many = with(upi(), "/order/items", json!(pictures));
    assert_eq!(refused("interactive", &many).limit, Some(10));
    let huge = with(pix(), "/order/items/0/quantity", json!(i64::MAX));
    let huge = with(huge, "/order/items/0/sale_amount/value", json!(i64::MAX));
    assert!(refused("interactive", &huge).field.ends_with("order.subtotal.value"));
}

#[test]
fn a_bill_behind_a_button_is_checked_too_and_so_is_a_status() {
    let template = |parameter: Value| {
        let button = json!({ "type": "button", "sub_type": "order_details", "index": 0, "parameters": [parameter] });
        json!({ "name": "t", "language": { "code": "pt_BR" }, "components": [button] })
    };
    let action = |order_details: &Value| {
        let details = &order_details["action"]["parameters"];
        template(json!({ "type": "action", "action": { "order_details": details } }))
    };
    assert!(parse("template", &action(&pix())).is_ok());
    let invalid = refused("template", &action(&with(pix(), "/total_amount/value", json!(1))));
    let place = "template.components[0].parameters[0].action.order_details.total_amount.value";
    assert_eq!(invalid.field, place);
    let told =
        |status: &Value| template(json!({ "type": "order_status", "order_status": status["action"]["parameters"] }));
    assert!(parse("template", &told(&status())).is_ok());
    let invalid = refused("template", &told(&with(status(), "/order/status", json!("sold"))));
    assert_eq!(
        invalid.field,
        "template.components[0].parameters[0].order_status.order.status"
    );
    // Neither may expire before it can be paid.
    let now = DateTime::from_timestamp(1_900_000_000 - 299, 0).unwrap();
    for (kind, payload) in [("interactive", pix()), ("template", action(&pix()))] {
        let message = parse(kind, &payload).unwrap();
        let invalid = message.check_expiry(now).unwrap_err();
        assert!(invalid.field.ends_with(".order.expiration.timestamp"), "{invalid}");
        assert_eq!(invalid.limit, Some(300));
        assert_eq!(message.check_expiry(now - chrono::TimeDelta::seconds(1)), Ok(()));
    }
}
