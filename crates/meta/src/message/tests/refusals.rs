//! What will not do, and by which name it is refused.

use serde_json::{Value, json};

use super::{interactive, parse, refused, samples};

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
            assert!(
                invalid.problem.starts_with("is not known here; there are "),
                "{invalid}"
            );
        }
    }
}

/// Where callers put what they like.
fn is_free(pointer: &str) -> bool {
    [
        "/data",
        "/values",
        "/saved_addresses",
        "/validation_errors",
        "/importer_address",
    ]
    .iter()
    .any(|free| pointer.contains(free))
}

/// JSON pointers to every object in a value.
fn objects(value: &Value) -> Vec<String> {
    let below = |step: String, value: &Value| {
        objects(value)
            .into_iter()
            .map(move |it| format!("/{step}{it}"))
            .collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => {
            let nested = members.iter().flat_map(|(name, value)| below(name.clone(), value));
            std::iter::once(String::new()).chain(nested).collect()
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(at, value)| below(at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_null_is_a_member_that_is_missing() {
    assert!(
        parse(
            "text",
            &json!({ "body": "Hi", "preview_url": null, "wrongly_spelt": null })
        )
        .is_ok()
    );
    assert_eq!(
        refused("text", &json!({ "body": null })).to_string(),
        "text.body: is missing"
    );
}

#[test]
fn a_type_nobody_knows_is_refused_with_those_there_are() {
    let invalid = refused("speech", &json!({}));
    assert_eq!(invalid.field, "type");
    assert!(invalid.problem.contains("text, image, audio"), "{invalid}");
    let invalid = refused("interactive", &interactive("poll", json!({ "action": {} })));
    assert!(
        invalid.problem.starts_with("must be one of button, list, "),
        "{invalid}"
    );
    assert_eq!(
        refused("interactive", &json!({})).to_string(),
        "interactive.type: is missing"
    );
    for (kind, _) in samples() {
        assert!(
            parse(kind, &json!("text")).is_err() && parse(kind, &json!(null)).is_err(),
            "{kind}"
        );
    }
}

#[test]
fn where_an_object_is_wanted_it_is_said_what_to_write_in_it() {
    let buttons = |reply: Value| {
        let button = json!({ "type": "reply", "reply": reply });
        interactive("button", json!({ "action": { "buttons": [button] } }))
    };
    for (kind, payload, allowed) in [
        ("text", json!("Hello"), "text: must be an object; text.body: is missing"),
        ("text", json!(null), "text: must be an object; text.body: is missing"),
        (
            "image",
            json!("https://a.example/1.png"),
            "image: must be an object; it must have exactly one of media_id (a file of ours), id (Meta's) and link",
        ),
        (
            "interactive",
            json!({ "type": "button", "body": "Which?" }),
            "interactive.body: must be an object; interactive.body.text: is missing",
        ),
        (
            "interactive",
            buttons(json!("Yes")),
            "interactive.action.buttons[0].reply: must be an object; interactive.action.buttons[0].reply.id: is missing",
        ),
        (
            "template",
            json!({ "name": "t", "language": "en_US" }),
            "template.language: must be an object; template.language.code: is missing",
        ),
    ] {
        assert_eq!(refused(kind, &payload).to_string(), allowed);
    }
}

#[test]
fn a_file_is_in_exactly_one_place() {
    for payload in [
        json!({}),
        json!({ "caption": "x" }),
        json!({ "id": "1", "link": "https://example.com" }),
        json!({ "id": "1", "media_id": "med_1" }),
    ] {
        assert_eq!(refused("image", &payload).field, "image", "{payload}");
    }
    for link in [
        "",
        "example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
    ] {
        assert_eq!(refused("image", &json!({ "link": link })).field, "image.link", "{link}");
    }
    for ours in ["med_1", "msg_0198aaaabbbb7ccc8dddeeeeffff0001", ""] {
        assert_eq!(
            refused("image", &json!({ "media_id": ours })).field,
            "image.media_id",
            "{ours}"
        );
    }
    assert_eq!(
        refused("audio", &json!({ "id": "1", "caption": "x" })).field,
        "audio.caption"
    );
    assert_eq!(
        refused("sticker", &json!({ "id": "1", "filename": "x" })).field,
        "sticker.filename"
    );
    assert_eq!(
        refused("image", &json!({ "id": "1", "voice": true })).field,
        "image.voice"
    );
}

#[test]
fn small_things_say_what_they_lack() {
    let cases = [
        ("reaction", json!({ "message_id": "wamid.A" }), "reaction.emoji"),
        ("reaction", json!({ "emoji": "😀" }), "reaction.message_id"),
        (
            "pin",
            json!({ "type": "pin", "message_id": "wamid.A" }),
            "pin.expiration_days",
        ),
        ("pin", json!({ "type": "stick", "message_id": "wamid.A" }), "pin.type"),
        (
            "contacts",
            json!([{ "name": { "first_name": "B" } }]),
            "contacts[0].name.formatted_name",
        ),
        (
            "contacts",
            json!([{ "name": { "formatted_name": "B", "first_name": "B" }, "birthday": "23.01.1999" }]),
            "contacts[0].birthday",
        ),
        (
            "contacts",
            json!([{ "name": { "formatted_name": "B", "first_name": "B" }, "birthday": "1999-1-23" }]),
            "contacts[0].birthday",
        ),
        (
            "contacts",
            json!([{ "name": { "formatted_name": "B", "first_name": "B" }, "phones": [{ "phone": 1 }] }]),
            "contacts[0].phones[0].phone",
        ),
        (
            "text",
            json!({ "body": "Hi", "preview_url": "yes" }),
            "text.preview_url",
        ),
        (
            "interactive",
            interactive(
                "address_message",
                json!({ "action": { "name": "address_message", "parameters": { "country": "US" } } }),
            ),
            "interactive.action.parameters.country",
        ),
        ("text", json!({ "body": " \n\u{a0}" }), "text.body"),
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
    let payload = interactive(
        "address_message",
        json!({ "action": { "name": "address_message", "parameters": parameters } }),
    );
    assert_eq!(
        refused("interactive", &payload).field,
        "interactive.action.parameters.values.city[1]"
    );
}
