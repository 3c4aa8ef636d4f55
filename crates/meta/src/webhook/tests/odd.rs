//! Bodies that are not quite webhooks: everything in them is kept somewhere.

use super::super::{Change, Malformed, UnknownReason, WebhookItem, parse};
use super::{at, items, only_item, reason};

#[test]
fn only_what_is_no_json_object_is_malformed() {
    for body in ["", " ", "hello", "{", "{\"entry\":[}", "{} trailing", "\u{0}"] {
        assert!(matches!(parse(body.as_bytes()), Err(Malformed::NotJson(_))), "{body:?}");
    }
    for body in ["[]", "1", "null", "\"{}\"", "[{\"entry\":[]}]"] {
        assert!(
            matches!(parse(body.as_bytes()), Err(Malformed::NotAnObject)),
            "{body:?}"
        );
    }
}

#[test]
fn an_error_never_shows_content() {
    let error = parse(br#"{"entry": "+49 1555 0100777" oops}"#).expect_err("not JSON");
    assert!(!error.to_string().contains("1555"), "{error}");
}

#[test]
fn a_body_without_entries_is_one_unknown_item() {
    for body in [
        r#"{}"#,
        r#"{"entry":null}"#,
        r#"{"entry":{}}"#,
        r#"{"entry":[],"object":"page"}"#,
    ] {
        let webhook = parse(body.as_bytes()).expect("an object");
        let [item] = webhook.items.as_slice() else {
            panic!("{body}: {webhook:?}")
        };
        assert_eq!((reason(item), item.path.as_str()), (UnknownReason::NoEntries, ""));
        assert!(matches!(&item.change, Change::Unknown(unknown) if unknown.raw == body));
    }
    let padded = parse(b" {} \n").expect("an object");
    assert!(matches!(&padded.items[0].change, Change::Unknown(unknown) if unknown.raw == "{}"));
    assert_eq!(reason(&only_item("odd_no_entries")), UnknownReason::NoEntries);
}

#[test]
fn an_entry_without_changes_keeps_what_it_says() {
    let item = only_item("odd_no_changes");
    assert_eq!(
        (reason(&item), item.path.as_str()),
        (UnknownReason::NoChanges, "/entry/0")
    );
    let said = (item.entry_id.as_deref(), item.time);
    assert_eq!(said, (Some("318400917755201"), at(1_790_008_000)));
}

#[test]
fn a_field_nobody_knows_is_kept_whole() {
    let item = only_item("odd_unknown_field");
    assert_eq!(
        (reason(&item), &*item.field),
        (UnknownReason::UnknownField, "hologram_update")
    );
    assert_eq!(
        reason(&only_item("odd_field_outside_the_change")),
        UnknownReason::NothingRecognised
    );
}

#[test]
fn without_a_field_the_value_decides() {
    let webhook = parse(&super::fixture("odd_no_field")).expect("a webhook");
    assert_eq!(webhook.object, "page");
    let [
        WebhookItem {
            field,
            phone_number_id,
            entry_id: None,
            change: Change::Message(message),
            ..
        },
    ] = webhook.items.as_slice()
    else {
        panic!("{webhook:?}")
    };
    assert_eq!((&**field, phone_number_id.as_deref()), ("", Some("271828182845904")));
    assert_eq!(message.wamid, "wamid.MSNOFIELD==");
}

#[test]
fn every_element_of_the_wrong_shape_is_one_unknown_item() {
    let items = items("odd_shapes_everywhere");
    let seen: Vec<_> = items
        .iter()
        .map(|item| (item.path.as_str(), reason(item).as_str()))
        .collect();
    let expected = [
        ("/entry/0", "wrong_shape"),
        ("/entry/1/changes/0", "wrong_shape"),
        ("/entry/1/changes/1", "no_value"),
        ("/entry/1/changes/2/value", "wrong_shape"),
        ("/entry/1/changes/3/value", "wrong_shape"),
        ("/entry/1/changes/4/value/messages", "wrong_shape"),
        ("/entry/1/changes/4/value/statuses/0", "wrong_shape"),
        ("/entry/1/changes/4/value/statuses/1", "wrong_shape"),
        ("/entry/1/changes/4/value/statuses/2", "wrong_shape"),
        ("/entry/1/changes/4/value/statuses/3", "wrong_shape"),
        ("/entry/1/changes/4/value/holo~1grams~0/0", "unknown_member"),
        ("/entry/1/changes/4/value/holo~1grams~0/1", "unknown_member"),
        ("/entry/1/changes/4/value/future", "unknown_member"),
        ("/entry/1/changes/5/value", "nothing_recognised"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_time_is_understood_in_seconds_and_milliseconds_and_borrowed_from_the_entry() {
    let check = |timestamp: &str, expected| {
        let body = format!(
            r#"{{"entry":[{{"time":1790000000,"changes":[{{"field":"messages","value":{{"messages":[
                {{"id":"wamid.1","timestamp":{timestamp}}}]}}}}]}}]}}"#
        );
        let webhook = parse(body.as_bytes()).expect("a webhook");
        let Change::Message(message) = &webhook.items[0].change else {
            panic!("{webhook:?}")
        };
        assert_eq!(message.timestamp, at(expected), "{timestamp}");
    };
    check("1790000777", 1_790_000_777);
    check("\"1790000777\"", 1_790_000_777);
    check("1790000777000", 1_790_000_777);
    check("1.790000777e9", 1_790_000_777);
    for absurd in [
        "null",
        "\"\"",
        "\"TIMESTAMP\"",
        "0",
        "-5",
        "1e300",
        "9223372036854775807",
        "\"1\"",
        "[]",
    ] {
        check(absurd, 1_790_000_000);
    }
}
