//! Tests of message templates.

use serde_json::{Map, Value, json};

use super::{LocalContent, seeds::seeds};

fn content(value: Value) -> LocalContent {
    serde_json::from_value(value).expect("a content")
}

fn values(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

#[test]
fn variables_are_filled_wherever_they_stand() {
    let buttons = content(
        json!({ "type": "buttons", "header": "Order {{order}}", "body": "Hi {{ name }}, is {{order}} there?", "footer": "Shop",
        "buttons": [{ "id": "yes:{{order}}", "title": "Yes" }, { "id": "no:{{order}}", "title": "No" }] }),
    );
    buttons.check().unwrap();
    assert_eq!(buttons.variables().unwrap(), ["name", "order"]);
    let filled = buttons
        .fill(&values(json!({ "name": "{{order}}", "order": 17 })))
        .unwrap();
    assert_eq!(filled.kind, "interactive");
    // A value is no template.
    assert_eq!(filled.payload["body"]["text"], "Hi {{order}}, is 17 there?");
    assert_eq!(filled.payload["header"], json!({ "type": "text", "text": "Order 17" }));
    assert_eq!(
        filled.payload["action"]["buttons"][1]["reply"],
        json!({ "id": "no:17", "title": "No" })
    );
    let list = content(
        json!({ "type": "list", "body": "Hi", "button": "Choose", "sections": [{ "rows": [{ "id": "1", "title": "{{first}}" }] }] }),
    );
    let filled = list.fill(&values(json!({ "first": "One" }))).unwrap();
    assert_eq!(filled.payload["action"]["sections"][0]["rows"][0]["title"], "One");
    let media = content(json!({ "type": "media", "media": "document", "link": "{{link}}", "filename": "{{n}}.pdf" }));
    media.check().unwrap();
    let filled = media
        .fill(&values(json!({ "link": "https://a.example/1", "n": 5 })))
        .unwrap();
    assert_eq!(
        (filled.kind.as_str(), filled.payload),
        (
            "document",
            json!({ "link": "https://a.example/1", "filename": "5.pdf" })
        )
    );
}

#[test]
fn a_missing_an_unknown_and_an_unfit_value_are_refused_by_name() {
    let text = content(json!({ "type": "text", "body": "Hi {{name}}, {{when}}." }));
    for (given, field, problem) in [
        (
            json!({ "name": "Ana" }),
            "message_template.variables.when",
            "is missing",
        ),
        (
            json!({ "name": "Ana", "when": "now", "whom": "" }),
            "message_template.variables.whom",
            "which has name, when",
        ),
        (
            json!({ "name": ["Ana"], "when": "now" }),
            "message_template.variables.name",
            "must be text or a number",
        ),
        (
            json!({ "name": "x".repeat(4_100), "when": "now" }),
            "text.body",
            "at most 4096 characters",
        ),
    ] {
        let invalid = text.fill(&values(given)).unwrap_err();
        assert_eq!(invalid.field, field);
        assert!(invalid.problem.contains(problem), "{invalid}");
    }
}

#[test]
fn what_could_never_be_a_message_is_refused_when_it_is_written() {
    let row = |n: usize| json!({ "id": n.to_string(), "title": "x" });
    let rows: Vec<Value> = (0..11).map(row).collect();
    for (written, field) in [
        (json!({ "type": "text", "body": "" }), "content.body"),
        (json!({ "type": "text", "body": "Hi {{name" }), "content.body"),
        (json!({ "type": "text", "body": "Hi {{Name}}" }), "content.body"),
        (json!({ "type": "text", "body": "Hi {{first name}}" }), "content.body"),
        (
            json!({ "type": "buttons", "body": "x", "buttons": [] }),
            "content.buttons",
        ),
        (
            json!({ "type": "buttons", "body": "x", "buttons": [{ "id": "1", "title": "x".repeat(21) }] }),
            "content.buttons[0].title",
        ),
        (
            json!({ "type": "list", "body": "x", "button": "y", "sections": [{ "rows": rows }] }),
            "content.sections",
        ),
        (
            json!({ "type": "media", "media": "image", "link": "https://a.example", "id": "1" }),
            "content",
        ),
        (
            json!({ "type": "media", "media": "hologram", "id": "1" }),
            "content.media",
        ),
        (
            json!({ "type": "media", "media": "audio", "id": "1", "caption": "x" }),
            "content.caption",
        ),
    ] {
        let invalid = content(written.clone()).check().expect_err(&written.to_string());
        assert!(invalid.field.starts_with(field), "{written}: {invalid}");
    }
    let unknown = serde_json::from_value::<LocalContent>(json!({ "type": "text", "body": "x", "colour": "red" }));
    assert!(unknown.is_err(), "{unknown:?}");
}

#[test]
fn what_every_tenant_begins_with_is_sound() {
    for (name, content) in seeds() {
        content.check().unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
        let stored = serde_json::to_string(&content).unwrap();
        assert_eq!(serde_json::from_str::<LocalContent>(&stored).unwrap(), content);
    }
}
