//! Text that JSON allows and databases do not.

use serde_json::Value;

use super::super::clean::{MAX_DEPTH, clean, clean_text};
use super::super::{Change, MessageContent, Webhook, WebhookMessage, parse};
use super::some;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(clean_text(text), expected);
}

/// One message of this JSON between two plain ones.
fn between(message: &str) -> Webhook {
    let plain = |n| format!(r#"{{"id":"wamid.{n}","type":"text","text":{{"body":"plain"}}}}"#);
    let body = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{},{message},{}]}}}}]}}]}}"#,
        plain(1),
        plain(2)
    );
    let webhook = parse(body.as_bytes()).expect("a webhook");
    assert_eq!(webhook.items.len(), 3);
    for index in [0, 2] {
        assert_eq!(message_at(&webhook, index).text, some("plain"));
    }
    webhook
}

fn message_at(webhook: &Webhook, index: usize) -> &WebhookMessage {
    match &webhook.items[index].change {
        Change::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ordinary_text_is_not_copied() {
    let text = r#"{"a\\u0000":["\ud83d\ude00\n\"",-1.5e3,18446744073709551615,true]}"#;
    assert!(matches!(clean_text(text), std::borrow::Cow::Borrowed(same) if same == text));
}

#[test]
fn what_a_database_cannot_hold_is_rewritten() {
    check(r#"{"a\u0000":"b\u0000c"}"#, r#"{"a":"bc"}"#);
    check(r#""\ud800""#, r#""\ufffd""#);
    check(r#""\udc00\ud800\u0041""#, r#""\ufffd\ufffd\u0041""#);
    check(r#""\ud83d\u0000\ude00""#, r#""\ufffd\ufffd""#);
    check(r#""\\\u0000\\u0000""#, r#""\\\\u0000""#);
    // No JSON, and it stays none: taken out, the escape would complete another.
    for text in [r#""\ud8\u00003d""#, r#""\u\u0000""#] {
        assert_eq!(clean_text(text), text);
    }
    check("[1e999,-1E+401,1e-401]", r#"["1e999","-1E+401","1e-401"]"#);
    check("[184467440737095516150,1e300]", r#"["184467440737095516150",1e300]"#);
}

#[test]
fn what_is_no_json_stays_no_json() {
    for text in [
        "\"\\u00",
        "\"\\",
        "\"\\ud83d\\ude",
        "\\u0000",
        "1-2-3-4-5-6-7-8-9-0-1-2",
        "\"\\é\"",
        "{[",
        "]]}",
    ] {
        assert!(serde_json::from_str::<Value>(&clean_text(text)).is_err(), "{text}");
    }
    assert_eq!(clean(b"\"\xff\xfe\""), "\"\u{fffd}\u{fffd}\"");
}

#[test]
fn deep_nesting_becomes_text() {
    for depth in [MAX_DEPTH + 1, 5_000, 500_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let webhook = between(&format!(
            r#"{{"id":"wamid.x","type":"text","text":{{"body":"deep"}},"more":{nest}}}"#
        ));
        let message = message_at(&webhook, 1);
        assert_eq!(message.text, some("deep"));
        serde_json::from_str::<Value>(&message.raw).expect("shallow enough for anybody");
    }
    let nul = format!("{}\0{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
    assert!(!clean_text(&nul).contains("u0000"));
    let unclosed = "[".repeat(100_000);
    assert!(parse(format!(r#"{{"entry":{unclosed}"#).as_bytes()).is_err());
}

#[test]
fn half_a_character_costs_neither_the_message_nor_its_neighbours() {
    let webhook = between(r#"{"id":"wamid.x","type":"text","text":{"body":"half \ud83d of it"}}"#);
    let message = message_at(&webhook, 1);
    assert_eq!(message.text, some("half \u{fffd} of it"));
    assert!(message.raw.contains(r"\ufffd"), "{}", message.raw);
}

#[test]
fn nothing_handed_out_holds_a_nul() {
    let webhook =
        between(r#"{"id":"wa\u0000mid.x","from":"4915550100777\u0000","type":"text","text":{"body":"a\u0000b"}}"#);
    let message = message_at(&webhook, 1);
    assert_eq!((message.wamid.as_str(), &message.text), ("wamid.x", &some("ab")));
    assert_eq!(message.sender.phone, some("4915550100777"));
    assert!(!message.raw.contains("u0000"), "{}", message.raw);
}

#[test]
fn numbers_beyond_measure_keep_their_digits() {
    let webhook = between(r#"{"id":123456789012345678901234567890,"type":"order","order":{"catalog_id":1e999}}"#);
    let message = message_at(&webhook, 1);
    assert_eq!(message.wamid, "123456789012345678901234567890");
    assert!(matches!(&message.content, MessageContent::Order(order) if order.catalog_id == some("1e999")));
}

#[test]
fn a_repeated_key_counts_as_its_last() {
    let webhook = between(r#"{"id":"wamid.a","id":"wamid.b","type":"text","text":{"body":"1"},"text":{"body":"2"}}"#);
    let message = message_at(&webhook, 1);
    assert_eq!((message.wamid.as_str(), &message.text), ("wamid.b", &some("2")));
    let twice = br#"{"entry":[{"changes":[{"field":"messages","value":
        {"messages":[{"id":"wamid.1"}],"messages":[{"id":"wamid.2"}]}}]}]}"#;
    assert_eq!(parse(twice).expect("a webhook").items.len(), 2);
}

#[test]
fn an_id_too_long_for_an_index_is_no_id() {
    let webhook = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{{"id":"{}"}}]}}}}]}}]}}"#,
        "x".repeat(3_000)
    );
    let items = parse(webhook.as_bytes()).expect("a webhook").items;
    assert!(matches!(items[0].change, Change::Unknown(_)), "{items:?}");
}
