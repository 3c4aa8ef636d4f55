//! What will not do, and by which name it is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{parse, refused, samples};

fn interactive(kind: &str, more: Value) -> Value {
    let mut payload = json!({ "type": kind, "body": { "text": "Body" } });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

#[test]
fn a_member_nobody_knows_is_refused_wherever_it_stands() {
    for (kind, payload) in samples() {
        for pointer in objects(&payload) {
            if kind == "template" && pointer.starts_with("/components") || is_free(&pointer) {
                continue;
            }
            let mut odd = payload.clone();
            odd.pointer_mut(&pointer).unwrap()["wrongly_spelt"] = json!(1);
            let invalid = refused(kind, &odd);
            assert!(invalid.field.ends_with(".wrongly_spelt"), "{kind} {pointer}: {invalid}");
            assert!(invalid.problem.starts_with("is not known here; there are "), "{invalid}");
        }
    }
}

/// Where callers put what they like.
fn is_free(pointer: &str) -> bool {
    ["/data", "/values", "/saved_addresses", "/validation_errors"].iter().any(|free| pointer.contains(free))
}

/// JSON pointers to every object in a value.
fn objects(value: &Value) -> Vec<String> {
    let below = |step: String, value: &Value| objects(value).into_iter().map(move |it| format!("/{step}{it}")).collect::<Vec<_>>();
    match value {
        Value::Object(members) => {
            let nested = members.iter().flat_map(|(name, value)| below(name.clone(), value));
            std::iter::once(String::new()).chain(nested).collect()
        }
        Value::Array(list) => list.iter().enumerate().flat_map(|(at, value)| below(at.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_null_is_a_member_that_is_missing() {
    assert!(parse("text", &json!({ "body": "Hi", "preview_url": null, "wrongly_spelt": null })).is_ok());
    assert_eq!(refused("text", &json!({ "body": null })).to_string(), "text.body: is missing");
}

#[test]
fn a_type_nobody_knows_is_refused_with_those_there_are() {
    let invalid = refused("speech", &json!({}));
    assert_eq!(invalid.field, "type");
    assert!(invalid.problem.contains("text, image, audio"), "{invalid}");
    let invalid = refused("interactive", &interactive("poll", json!({ "action": {} })));
    assert!(invalid.problem.starts_with("must be one of button, list, "), "{invalid}");
    assert_eq!(refused("interactive", &json!({})).to_string(), "interactive.type: is missing");
    for (kind, _) in samples() {
        assert!(parse(kind, &json!("text")).is_err() && parse(kind, &json!(null)).is_err(), "{kind}");
    }
}

#[test]
fn a_file_is_in_exactly_one_place() {
    for payload in [json!({}), json!({ "caption": "x" }), json!({ "id": "1", "link": "https://example.com" }), json!({ "id": "1", "media_id": "med_1" })] {
        assert_eq!(refused("image", &payload).field, "image", "{payload}");
    }
    for link in ["", "example.com/a.png", "ftp://example.com/a.png", "file:///etc/passwd", "javascript:alert(1)", "https://"] {
        assert_eq!(refused("image", &json!({ "link": link })).field, "image.link", "{link}");
    }
    for ours in ["med_1", "msg_0198aaaabbbb7ccc8dddeeeeffff0001", ""] {
        assert_eq!(refused("image", &json!({ "media_id": ours })).field, "image.media_id", "{ours}");
    }
    assert_eq!(refused("audio", &json!({ "id": "1", "caption": "x" })).field, "audio.caption");
    assert_eq!(refused("sticker", &json!({ "id": "1", "filename": "x" })).field, "sticker.filename");
    assert_eq!(refused("image", &json!({ "id": "1", "voice": true })).field, "image.voice");
}

#[test]
fn answers_must_be_told_apart() {
    let button = |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
    let buttons = |a, b| interactive("button", json!({ "action": { "buttons": [a, b] } }));
    let invalid = refused("interactive", &buttons(button("a", "Yes"), button("a", "No")));
    assert_eq!(invalid.field, "interactive.action.buttons[1].reply.id");
    let invalid = refused("interactive", &buttons(button("a", "Yes"), button("b", "Yes")));
    assert_eq!(invalid.field, "interactive.action.buttons[1].reply.title");
    let row = |id: &str| json!({ "id": id, "title": "Same" });
    let sections = json!([{ "title": "One", "rows": [row("a")] }, { "title": "Two", "rows": [row("b"), row("a")] }]);
    let invalid = refused("interactive", &interactive("list", json!({ "action": { "button": "B", "sections": sections } })));
    assert_eq!(invalid.field, "interactive.action.sections[1].rows[1].id");
}

#[test]
fn several_sections_need_titles_and_one_does_not() {
    let row = |id: &str| json!([{ "id": id, "title": "T" }]);
    let list = |sections| interactive("list", json!({ "action": { "button": "B", "sections": sections } }));
    assert!(parse("interactive", &list(json!([{ "rows": row("a") }]))).is_ok());
    let invalid = refused("interactive", &list(json!([{ "title": "One", "rows": row("a") }, { "rows": row("b") }])));
    assert_eq!(invalid.to_string(), "interactive.action.sections[1].title: is missing");
}

#[test]
fn headers_and_footers_are_where_meta_has_them() {
    let picture = json!({ "type": "image", "image": { "id": "1" } });
    let location = json!({ "name": "send_location" });
    let list = json!({ "button": "B", "sections": [{ "rows": [{ "id": "a", "title": "T" }] }] });
    let products = json!({ "catalog_id": "1", "sections": [{ "product_items": [{ "product_retailer_id": "p" }] }] });
    let cases = [
        (interactive("list", json!({ "header": picture, "action": list })), "interactive.header.type"),
        (interactive("product_list", json!({ "action": products })), "interactive.header"),
        (interactive("location_request_message", json!({ "header": picture, "action": location })), "interactive.header"),
        (interactive("location_request_message", json!({ "footer": { "text": "F" }, "action": location })), "interactive.footer"),
        (json!({ "type": "location_request_message", "action": location }), "interactive.body"),
        (interactive("location_request_message", json!({ "action": { "name": "send_money" } })), "interactive.action.name"),
        (interactive("button", json!({ "header": { "type": "audio", "audio": { "id": "1" } }, "action": {} })), "interactive.header.type"),
        (interactive("button", json!({ "header": { "type": "image", "image": { "id": "1", "caption": "x" } }, "action": {} })), "interactive.header.image.caption"),
    ];
    for (payload, field) in cases {
        assert_eq!(refused("interactive", &payload).field, field, "{payload}");
    }
    let bare = json!({ "type": "call_permission_request", "action": { "name": "call_permission_request" } });
    assert!(parse("interactive", &bare).is_ok());
}

#[test]
fn a_flow_is_named_once_and_begins_in_one_place() {
    let flow = |more: Value| {
        let mut parameters = json!({ "flow_message_version": "3", "flow_cta": "Go" });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        interactive("flow", json!({ "action": { "name": "flow", "parameters": parameters } }))
    };
    let cases = [
        (flow(json!({})), "parameters"),
        (flow(json!({ "flow_id": "1", "flow_name": "n" })), "parameters"),
        (flow(json!({ "flow_id": "1", "mode": "test" })), "parameters.mode"),
        (flow(json!({ "flow_id": "1", "flow_message_version": "2" })), "parameters.flow_message_version"),
        (flow(json!({ "flow_id": "1", "flow_action": "data_exchange", "flow_action_payload": { "screen": "S" } })), "parameters.flow_action_payload"),
        (flow(json!({ "flow_id": "1", "flow_action_payload": { "screen": "S", "data": {} } })), "parameters.flow_action_payload.data"),
        (interactive("flow", json!({ "action": { "name": "flow" } })), "parameters"),
    ];
    for (payload, field) in cases {
        assert_eq!(refused("interactive", &payload).field, format!("interactive.action.{field}"), "{payload}");
    }
}

#[test]
fn cards_are_alike() {
    let url = |index: u32, kind: &str| {
        json!({ "card_index": index, "type": "cta_url", "header": { "type": kind, kind: { "id": "1" } },
            "action": { "name": "cta_url", "parameters": { "display_text": "Go", "url": "https://example.com" } } })
    };
    let replies = |index: u32, count: usize| {
        let button = |n| json!({ "type": "quick_reply", "quick_reply": { "id": format!("{index}-{n}"), "title": format!("T{n}") } });
        let buttons: Vec<Value> = (0..count).map(button).collect();
        json!({ "card_index": index, "header": { "type": "image", "image": { "id": "1" } }, "action": { "buttons": buttons } })
    };
    let product = |index: u32, catalog: &str| {
        json!({ "card_index": index, "type": "product", "action": { "product_retailer_id": "p", "catalog_id": catalog } })
    };
    let carousel = |a: Value, b: Value| interactive("carousel", json!({ "action": { "cards": [a, b] } }));
    assert!(parse("interactive", &carousel(replies(0, 2), replies(1, 2))).is_ok());
    let cases = [
        carousel(url(0, "image"), url(0, "image")),
        carousel(url(0, "image"), url(1, "video")),
        carousel(url(0, "image"), replies(1, 1)),
        carousel(replies(0, 2), replies(1, 1)),
        carousel(product(0, "1"), product(1, "2")),
        carousel(product(0, "1"), url(1, "image")),
    ];
    for payload in cases {
        assert_eq!(refused("interactive", &payload).field, "interactive.action.cards[1]", "{payload}");
    }
    let mut lines = url(0, "image");
    lines["body"] = json!({ "text": "1\n2\n3\n4" });
    let invalid = refused("interactive", &carousel(lines, url(1, "image")));
    assert_eq!((invalid.field.as_str(), invalid.limit), ("interactive.action.cards[0].body", Some(2)));
    let invalid = refused("interactive", &carousel(json!({ "card_index": 10, "action": {} }), url(1, "image")));
    assert_eq!(invalid.field, "interactive.action.cards[0].card_index");
}

#[test]
fn small_things_say_what_they_lack() {
    let cases = [
        ("reaction", json!({ "message_id": "wamid.A" }), "reaction.emoji"),
        ("reaction", json!({ "emoji": "😀" }), "reaction.message_id"),
        ("pin", json!({ "type": "pin", "message_id": "wamid.A" }), "pin.expiration_days"),
        ("pin", json!({ "type": "stick", "message_id": "wamid.A" }), "pin.type"),
        ("contacts", json!([{ "name": { "first_name": "B" } }]), "contacts[0].name.formatted_name"),
        ("contacts", json!([{ "name": { "formatted_name": "B" }, "birthday": "23.01.1999" }]), "contacts[0].birthday"),
        ("contacts", json!([{ "name": { "formatted_name": "B" }, "birthday": "1999-1-23" }]), "contacts[0].birthday"),
        ("contacts", json!([{ "name": { "formatted_name": "B" }, "phones": [{ "phone": 1 }] }]), "contacts[0].phones[0].phone"),
        ("text", json!({ "body": "Hi", "preview_url": "yes" }), "text.preview_url"),
        ("interactive", interactive("address_message", json!({ "action": { "name": "address_message", "parameters": { "country": "India" } } })), "interactive.action.parameters.country"),
    ];
    for (kind, payload, field) in cases {
        assert_eq!(refused(kind, &payload).field, field, "{payload}");
    }
    assert!(parse("pin", &json!({ "type": "unpin", "message_id": "wamid.A" })).is_ok());
}

#[test]
fn a_nul_is_refused_also_where_callers_put_what_they_like() {
    assert_eq!(refused("text", &json!({ "body": "a\0b" })).field, "text.body");
    let parameters = json!({ "country": "IN", "values": { "city": ["a", "b\0"] } });
    let payload = interactive("address_message", json!({ "action": { "name": "address_message", "parameters": parameters } }));
    assert_eq!(refused("interactive", &payload).field, "interactive.action.parameters.values.city[1]");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z<>é]{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Anything anywhere in a valid payload is either taken, and then goes out as it came in, or refused by a name within it.
    #[test]
    fn whatever_is_put_anywhere_is_taken_whole_or_refused_by_name(which in 0_usize..24, place in any::<prop::sample::Index>(), odd in any_json()) {
        let all = samples();
        let (kind, mut payload) = all[which % all.len()].clone();
        let pointers = places(&payload);
        *payload.pointer_mut(place.get(&pointers)).unwrap() = odd;
        match parse(kind, &payload) {
            Ok(mut message) => {
                if message.media().iter().all(|(_, file)| !matches!(file, super::super::MediaRef::Ours(_))) {
                    prop_assert_eq!(without_nulls(serde_json::to_value(&message).unwrap()), without_nulls(payload));
                }
            }
            Err(invalid) => prop_assert!(invalid.field.starts_with(kind), "{}", invalid),
        }
    }
}

/// JSON pointers to every value in a value.
fn places(value: &Value) -> Vec<String> {
    let nested: Vec<String> = match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| places(value).into_iter().map(move |it| format!("/{name}{it}"))).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(at, value)| places(value).into_iter().map(move |it| format!("/{at}{it}"))).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(nested).collect()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null() && *value != json!([]));
            kept.map(|(name, value)| (name, without_nulls(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other,
    }
}
