//! Rules of interactive messages that tie several members together.

use serde_json::{Value, json};

use super::{interactive, parse, refused};

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
    let invalid = refused(
        "interactive",
        &interactive("list", json!({ "action": { "button": "B", "sections": sections } })),
    );
    assert_eq!(invalid.field, "interactive.action.sections[1].rows[1].id");
}

#[test]
fn several_sections_need_titles_and_one_does_not() {
    let row = |id: &str| json!([{ "id": id, "title": "T" }]);
    let list = |sections| interactive("list", json!({ "action": { "button": "B", "sections": sections } }));
    assert!(parse("interactive", &list(json!([{ "rows": row("a") }]))).is_ok());
    let invalid = refused(
        "interactive",
        &list(json!([{ "title": "One", "rows": row("a") }, { "rows": row("b") }])),
    );
    assert_eq!(invalid.to_string(), "interactive.action.sections[1].title: is missing");
}

#[test]
fn headers_and_footers_are_where_meta_has_them() {
    let picture = json!({ "type": "image", "image": { "id": "1" } });
    let location = json!({ "name": "send_location" });
    let list = json!({ "button": "B", "sections": [{ "rows": [{ "id": "a", "title": "T" }] }] });
    let products = json!({ "catalog_id": "1", "sections": [{ "product_items": [{ "product_retailer_id": "p" }] }] });
    let cases = [
        (
            interactive("list", json!({ "header": picture, "action": list })),
            "interactive.header.type",
        ),
        (
            interactive("product_list", json!({ "action": products })),
            "interactive.header",
        ),
        (
            interactive(
                "location_request_message",
                json!({ "header": picture, "action": location }),
            ),
            "interactive.header",
        ),
        (
            interactive(
                "location_request_message",
                json!({ "footer": { "text": "F" }, "action": location }),
            ),
            "interactive.footer",
        ),
        (
            json!({ "type": "location_request_message", "action": location }),
            "interactive.body",
        ),
        (
            interactive(
                "location_request_message",
                json!({ "action": { "name": "send_money" } }),
            ),
            "interactive.action.name",
        ),
        (
            interactive(
                "button",
                json!({ "header": { "type": "audio", "audio": { "id": "1" } }, "action": {} }),
            ),
            "interactive.header.type",
        ),
        (
            interactive(
                "button",
                json!({ "header": { "type": "image", "image": { "id": "1", "caption": "x" } }, "action": {} }),
            ),
            "interactive.header.image.caption",
        ),
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
        parameters
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        interactive(
            "flow",
            json!({ "action": { "name": "flow", "parameters": parameters } }),
        )
    };
    let cases = [
        (flow(json!({})), "parameters"),
        (flow(json!({ "flow_id": "1", "flow_name": "n" })), "parameters"),
        (flow(json!({ "flow_id": "1", "mode": "test" })), "parameters.mode"),
        (
            flow(json!({ "flow_id": "1", "flow_message_version": "2" })),
            "parameters.flow_message_version",
        ),
        (
            flow(json!({ "flow_id": "1", "flow_action": "data_exchange", "flow_action_payload": { "screen": "S" } })),
            "parameters.flow_action_payload",
        ),
        (
            flow(json!({ "flow_id": "1", "flow_action_payload": { "screen": "S", "data": {} } })),
            "parameters.flow_action_payload.data",
        ),
        (
            interactive("flow", json!({ "action": { "name": "flow" } })),
            "parameters",
        ),
    ];
    for (payload, field) in cases {
        assert_eq!(
            refused("interactive", &payload).field,
            format!("interactive.action.{field}"),
            "{payload}"
        );
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
    let shared_id = |index: u32| {
        let button = json!({ "type": "quick_reply", "quick_reply": { "id": "more", "title": "Learn more" } });
        json!({ "card_index": index, "type": "cta_url", "header": { "type": "image", "image": { "id": "1" } }, "action": { "buttons": [button] } })
    };
    let product = |index: u32, catalog: &str| json!({ "card_index": index, "type": "product", "action": { "product_retailer_id": "p", "catalog_id": catalog } });
    let carousel = |a: Value, b: Value| interactive("carousel", json!({ "action": { "cards": [a, b] } }));
    // Meta documents the type of cards with a link for those with replies too; left out, it is written.
    for kind in [json!("cta_url"), json!(null)] {
        let typed = |index: u32| {
            let mut card = replies(index, 2);
            card["type"] = kind.clone();
            card
        };
        let message = parse("interactive", &carousel(typed(0), typed(1))).unwrap();
        let written = serde_json::to_value(&message).unwrap();
        for (index, card) in written["action"]["cards"].as_array().unwrap().iter().enumerate() {
            let mut expected = replies(index as u32, 2);
            expected["type"] = json!("cta_url");
            assert_eq!(*card, expected);
        }
    }
    let invalid = refused("interactive", &carousel(shared_id(0), shared_id(1)));
    assert_eq!(
        invalid.field,
        "interactive.action.cards[1].action.buttons[0].quick_reply.id"
    );
    let cases = [
        carousel(url(0, "image"), url(0, "image")),
        carousel(url(0, "image"), url(1, "video")),
        carousel(url(0, "image"), replies(1, 1)),
        carousel(replies(0, 2), replies(1, 1)),
        carousel(product(0, "1"), product(1, "2")),
        carousel(product(0, "1"), url(1, "image")),
    ];
    for payload in cases {
        assert_eq!(
            refused("interactive", &payload).field,
            "interactive.action.cards[1]",
            "{payload}"
        );
    }
    let mut lines = url(0, "image");
    lines["body"] = json!({ "text": "1\n2\n3\n4" });
    let invalid = refused("interactive", &carousel(lines, url(1, "image")));
    assert_eq!(
        (invalid.field.as_str(), invalid.limit),
        ("interactive.action.cards[0].body", Some(2))
    );
    let invalid = refused(
        "interactive",
        &carousel(json!({ "card_index": 10, "action": {} }), url(1, "image")),
    );
    assert_eq!(invalid.field, "interactive.action.cards[0].card_index");
}
