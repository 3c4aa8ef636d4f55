use std::collections::{BTreeMap, BTreeSet};

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{hold, refusals};
use crate::support::app::TestApp;

/// Types that are not shown, because they take a crowd, a socket, a slow database, another provider or an answer of Meta's.
const NOT_SHOWN: &[&str] = &[
    "bad-host",
    "import-too-large",
    "media-failed",
    "meta-refused",
    "not-supported-by-provider",
    "overloaded",
    "template-not-sendable",
    "too-many-connections",
    "too-many-reads",
    "too-many-scheduled",
    "too-slow",
    "url-failed",
];

const DESIGN: &str = include_str!("../../../docs/api-design.md");

#[both_databases]
async fn problems_are_worded_as_they_were_when_reviewed(test: TestApp) {
    let mut shown = BTreeMap::new();
    for (request, answer) in refusals::every(&test).await {
        let kind = answer.problem(answer.status.as_u16());
        let one = json!({ "request": request, "status": answer.status.as_u16(), "body": redacted(answer.json()) });
        assert_eq!(
            shown.insert(kind, one),
            None,
            "{request}: another request has this type"
        );
    }
    let listed: BTreeSet<&str> = listed().collect();
    assert!(!NOT_SHOWN.iter().any(|kind| shown.contains_key(*kind)), "it is shown");
    let known = shown.keys().map(String::as_str).chain(NOT_SHOWN.iter().copied());
    assert_eq!(known.collect::<BTreeSet<_>>(), listed, "docs/api-design.md");
    hold("problems", &json!(shown));
}

/// The guide for callers, which says what to do about each.
const GUIDE: &str = include_str!("../../../docs/guides/errors.md");

#[test]
fn the_guide_says_what_to_do_about_every_problem() {
    let rows = GUIDE
        .lines()
        .filter(|line| ["| 3", "| 4", "| 5"].iter().any(|it| line.starts_with(it)));
    let explained: BTreeSet<&str> = rows
        .flat_map(|row| row.split(" | ").nth(1).unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(explained, listed().collect());
}

/// The types in the table of the documentation.
fn listed() -> impl Iterator<Item = &'static str> {
    let table = DESIGN.split_once("| status | slugs |").expect("the table").1;
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("| ") || line.starts_with("|-"));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
}

/// The body without what differs each time: the id of the request, and ids in its sentences.
fn redacted(mut body: Value) -> Value {
    if let Some(id) = body.get_mut("request_id") {
        assert!(id.as_str().is_some_and(|id| id.starts_with("req_")), "{id}");
        *id = json!("req_…");
    }
    if let Some(id) = body.get_mut("contact_id") {
        assert!(id.as_str().is_some_and(|id| id.starts_with("con_")), "{id}");
        *id = json!("con_…");
    }
    let detail = body["detail"].as_str().expect("a detail");
    let word = |word: &str| match word.split_once('_') {
        Some((prefix, id))
            if id.len() >= 32 && id.is_char_boundary(32) && id[..32].bytes().all(|it| it.is_ascii_hexdigit()) =>
        {
            format!("{prefix}_…{}", &id[32..])
        }
        _ => word.to_owned(),
    };
    body["detail"] = json!(detail.split(' ').map(word).collect::<Vec<_>>().join(" "));
    body
}
