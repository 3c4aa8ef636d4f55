//! Whatever is done to a body, nothing panics, nothing is lost, and what comes out can be stored.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::super::clean::clean_text;
use super::super::{Change, WebhookItem, parse};
use super::folder;

/// What a value might turn into.
const ODD: [&str; 14] = [
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "99999999999999999999999",
    r#""""#,
    r#""\ud800""#,
    r#""\u0000""#,
    "[]",
    "{}",
    r#"[[{"id":{}}],null,7]"#,
    r#"{"id":[],"type":{},"from":1.5}"#,
    r#"{"a":1,"a":2}"#,
];

fn bodies() -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder()).expect("the fixtures");
    let mut paths: Vec<_> = files.map(|file| file.expect("a fixture").path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a fixture"))
        .collect()
}

fn raw(item: &WebhookItem) -> &str {
    match &item.change {
        Change::Message(it) | Change::Echo(it) => &it.raw,
        Change::History(it) => &it.message.raw,
        Change::Status(it) => &it.raw,
        Change::Error(it) => &it.raw,
        Change::AppContact(it) => &it.raw,
        Change::Preference(it) => &it.raw,
        Change::Account(it) => &it.raw,
        Change::Unknown(it) => &it.raw,
    }
}

/// Parses, and if it was a webhook checks that it left items fit for every column.
fn check(body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(webhook) = parse(body) else { return Ok(()) };
    prop_assert!(!webhook.items.is_empty());
    for item in &webhook.items {
        let raw = raw(item);
        prop_assert!(serde_json::from_str::<Value>(raw).is_ok(), "{}", raw);
        prop_assert_eq!(clean_text(raw), raw);
        prop_assert!(!format!("{item:?}").contains("\\0"), "{:?}", item);
    }
    Ok(())
}

/// The pointers of all values below this one.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, it)| (format!("{at}/{key}"), it)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, it)| (format!("{at}/{index}"), it))
            .collect(),
        _ => Vec::new(),
    };
    for (pointer, child) in children {
        pointers(child, &pointer, out);
        out.push(pointer);
    }
}

/// Puts text that need not survive a `Value` in place of one.
fn replace(body: &[u8], which: Index, odd: &str) -> String {
    const MARK: &str = "@odd@";
    let mut value: Value = serde_json::from_slice(body).expect("a fixture");
    let mut all = Vec::new();
    pointers(&value, "", &mut all);
    let pointer = which.get(&all);
    if let Some(place) = value.pointer_mut(pointer) {
        *place = Value::from(MARK);
    }
    value.to_string().replace(&format!("\"{MARK}\""), odd)
}

fn batch(messages: &[String]) -> Vec<WebhookItem> {
    let body = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"messages":[{}]}}}}]}}]}}"#,
        messages.join(",")
    );
    parse(body.as_bytes()).expect("a webhook").items
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_truncated_body_never_panics(body in select(bodies()), end in any::<Index>()) {
        check(&body[..end.index(body.len())])?;
    }

    #[test]
    fn a_body_with_other_bytes_in_it_never_panics(
        mut body in select(bodies()),
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), any::<bool>()), 1..8),
    ) {
        for (place, byte, insert) in edits {
            let at = place.index(body.len());
            if insert { body.insert(at, byte) } else { body[at] = byte }
        }
        check(&body)?;
    }

    #[test]
    fn a_body_with_pieces_of_syntax_in_it_never_panics(
        mut body in select(bodies()),
        place in any::<Index>(),
        piece in select(vec!["\\u0000", "\\ud800", "{", "}", "[[", "\"", "\\", ",", ":", "1e999", "\u{0}", "é"]),
    ) {
        let at = place.index(body.len());
        body.splice(at..at, piece.bytes());
        check(&body)?;
    }

    #[test]
    fn any_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&body)?;
    }

    #[test]
    fn an_odd_value_anywhere_still_makes_items(
        body in select(bodies()), which in any::<Index>(), odd in select(ODD.to_vec()),
    ) {
        let body = replace(&body, which, odd);
        prop_assert!(parse(body.as_bytes()).is_ok(), "{}", body);
        check(body.as_bytes())?;
    }

    #[test]
    fn an_odd_element_changes_none_of_its_neighbours(
        size in 2..20_usize, which in any::<Index>(), odd in select(ODD.to_vec()),
    ) {
        let plain = |n| format!(r#"{{"id":"wamid.{n}","from":"{n}","type":"text","text":{{"body":"{n}"}}}}"#);
        let mut messages: Vec<_> = (0..size).map(plain).collect();
        let before = batch(&messages);
        let at = which.index(size);
        odd.clone_into(&mut messages[at]);
        let after = batch(&messages);
        prop_assert_eq!(after.len(), size);
        for index in (0..size).filter(|index| *index != at) {
            prop_assert_eq!(&after[index], &before[index]);
        }
        prop_assert!(matches!(after[at].change, Change::Unknown(_)));
    }
}
