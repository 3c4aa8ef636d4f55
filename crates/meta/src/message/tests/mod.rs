//! Tests of outbound messages.

mod bodies;
mod interactive;
mod limits;
mod payments;
mod properties;
mod refusals;
mod templates;

use serde_json::{Value, json};

use super::{Invalid, Outbound};

fn parse(kind: &str, payload: &Value) -> Result<Outbound, Invalid> {
    Outbound::parse(kind, payload)
}

#[track_caller]
fn refused(kind: &str, payload: &Value) -> Invalid {
    match parse(kind, payload) {
        Ok(message) => panic!("taken: {message:?}"),
        Err(invalid) => invalid,
    }
}

/// An interactive message with a body and whatever else is given.
fn interactive(kind: &str, more: Value) -> Value {
    let mut payload = json!({ "type": kind, "body": { "text": "Body" } });
    payload
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    payload
}

/// One valid payload of every type and of every kind of interactive message, with all its members.
fn samples() -> Vec<(&'static str, Value)> {
    let image = json!({ "type": "image", "image": { "id": "2762" } });
    let interactive = |kind: &str, action: Value| json!({ "type": kind, "body": { "text": "Body" }, "action": action });
    let with = |mut around: Value, more: Value| {
        around
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        around
    };
    let card = |index: u32| {
        json!({ "card_index": index, "type": "cta_url", "header": image, "body": { "text": "Card" },
        "action": { "name": "cta_url", "parameters": { "display_text": "Shop", "url": "https://shop.example.com" } } })
    };
    vec![
        ("text", json!({ "body": "Hello", "preview_url": true })),
        ("image", json!({ "id": "1479", "caption": "A succulent" })),
        ("audio", json!({ "link": "https://example.com/a.ogg", "voice": true })),
        ("video", json!({ "id": "1166", "caption": "An eclipse" })),
        (
            "document",
            json!({ "id": "1376", "caption": "Your order", "filename": "order.pdf" }),
        ),
        ("sticker", json!({ "id": "7988" })),
        (
            "location",
            json!({ "latitude": "37.44216251868683", "longitude": -122.16, "name": "Coffee", "address": "101 Forest Ave" }),
        ),
        (
            "contacts",
            json!([{ "name": { "formatted_name": "Barbara J. Johnson", "first_name": "Barbara" },
            "phones": [{ "phone": "+16505559999", "type": "Mobile", "wa_id": "16505559999" }], "emails": [{ "email": "b@example.com" }],
            "addresses": [{ "street": "1 Way", "country_code": "US" }], "urls": [{ "url": "https://example.com" }],
            "org": { "company": "Lucky Shrub" }, "birthday": "1999-01-23" }]),
        ),
        ("reaction", json!({ "message_id": "wamid.A", "emoji": "😀" })),
        (
            "pin",
            json!({ "type": "pin", "message_id": "wamid.A", "expiration_days": 4 }),
        ),
        (
            "interactive",
            with(
                interactive(
                    "button",
                    json!({ "buttons": [
                { "type": "reply", "reply": { "id": "yes", "title": "Yes" } }, { "type": "reply", "reply": { "id": "no", "title": "No" } }] }),
                ),
                json!({ "header": image, "footer": { "text": "Foot" } }),
            ),
        ),
        (
            "interactive",
            with(
                interactive(
                    "list",
                    json!({ "button": "Options", "sections": [
                { "title": "One", "rows": [{ "id": "a", "title": "A", "description": "First" }] }, { "title": "Two", "rows": [{ "id": "b", "title": "B" }] }] }),
                ),
                json!({ "header": { "type": "text", "text": "Head" }, "footer": { "text": "Foot" } }),
            ),
        ),
        (
            "interactive",
            interactive(
                "cta_url",
                json!({ "name": "cta_url", "parameters": { "display_text": "See", "url": "https://example.com?x=1" } }),
            ),
        ),
        (
            "interactive",
            interactive(
                "flow",
                json!({ "name": "flow", "parameters": { "flow_message_version": "3", "flow_id": "1", "flow_cta": "Book",
            "flow_token": "t", "mode": "draft", "flow_action": "navigate", "flow_action_payload": { "screen": "S", "data": { "x": [1, { "y": null }] } } } }),
            ),
        ),
        (
            "interactive",
            interactive("product", json!({ "catalog_id": "1", "product_retailer_id": "p" })),
        ),
        (
            "interactive",
            with(
                interactive(
                    "product_list",
                    json!({ "catalog_id": "1", "sections": [{ "title": "One", "product_items": [{ "product_retailer_id": "p" }] }] }),
                ),
                json!({ "header": { "type": "text", "text": "Head" } }),
            ),
        ),
        (
            "interactive",
            interactive(
                "catalog_message",
                json!({ "name": "catalog_message", "parameters": { "thumbnail_product_retailer_id": "p" } }),
            ),
        ),
        (
            "interactive",
            interactive("carousel", json!({ "cards": [card(0), card(1)] })),
        ),
        (
            "interactive",
            interactive("location_request_message", json!({ "name": "send_location" })),
        ),
        (
            "interactive",
            interactive(
                "address_message",
                json!({ "name": "address_message", "parameters": { "country": "IN", "values": { "city": "Delhi" },
            "saved_addresses": [{ "id": "a1", "value": { "name": "N" } }], "validation_errors": { "in_pin_code": "No" } } }),
            ),
        ),
        (
            "interactive",
            interactive(
                "voice_call",
                json!({ "name": "voice_call", "parameters": { "display_text": "Call", "ttl_minutes": 100, "payload": "p" } }),
            ),
        ),
        (
            "interactive",
            interactive("call_permission_request", json!({ "name": "call_permission_request" })),
        ),
        (
            "interactive",
            interactive("request_contact_info", json!({ "name": "request_contact_info" })),
        ),
        ("interactive", payments::pix()),
        ("interactive", payments::upi()),
        ("interactive", payments::status()),
        (
            "template",
            json!({ "name": "order_confirmation", "language": { "code": "en_US", "policy": "deterministic" }, "components": [
            { "type": "header", "parameters": [{ "type": "image", "image": { "id": "2871" } }] },
            { "type": "body", "parameters": [{ "type": "text", "text": "Jessica", "parameter_name": "first_name" }] },
            { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "path" }] }] }),
        ),
    ]
}
