//! Cursors, times and numbers that no database holds.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::document::operations;
use crate::support::{
    app::TestApp,
    http::{ADMIN, Client},
    webhook::{ANA, BEN, T0, text},
};

const TIMES: [&str; 8] = [
    "-262143-01-01T00:00:00Z",
    "-4713-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "+10000-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59-05:00",
    "9999-12-31T23:59:60Z",
];

/// What ids begin with.
const IDS: [&str; 18] = [
    "ten", "chn", "key", "con", "cnv", "msg", "med", "tpl", "mtp", "evt", "ep", "dlv", "raw", "imp", "cns", "seg",
    "cmp", "vrf",
];

/// The states of jobs, each with a list of its own.
const STATES: [&str; 7] = [
    "pending",
    "scheduled",
    "running",
    "done",
    "dead",
    "quarantined",
    "discarded",
];

/// The constants of the source that name lists, and those made by the request.
fn lists() -> Vec<String> {
    let mut names: Vec<String> = STATES.map(|state| format!("jobs inbound {state}")).into();
    names.push("schedule runs inbound".to_owned());
    let mut folders = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/http"
    ))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            let constants = source
                .lines()
                .filter_map(|line| line.trim().strip_prefix("const ")?.split_once(": &str = \""));
            names.extend(constants.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    assert!(names.len() > 15, "{names:?}");
    names
}

/// Keys of every shape there is, each with something that no database holds, or that is at its very end.
fn keys() -> Vec<Value> {
    let hex = "0198aaaabbbb7ccc8dddeeeeffff0001";
    let mut keys = vec![
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(-1),
        json!("a\u{0}b"),
        json!(1e300),
    ];
    keys.extend(IDS.map(|id| json!(format!("{id}_{}", "f".repeat(32)))));
    for time in TIMES {
        keys.push(json!(time));
        keys.push(json!([time, "0198aaaa-bbbb-7ccc-8ddd-eeeeffff0001"]));
        keys.extend(IDS.map(|id| json!([time, format!("{id}_{hex}")])));
        keys.push(json!([time, format!("raw_{hex}"), "a"]));
        keys.push(json!([time, "a\u{0}b", 1]));
        keys.push(json!([time, 1]));
    }
    keys.extend([
        json!(["a\u{0}b", 1]),
        json!(["a\u{0}b", "0198aaaa-bbbb-7ccc-8ddd-eeeeffff0001"]),
        json!(["a\u{0}b", "a\u{0}b"]),
        json!([i64::MAX, i64::MAX]),
        json!([i64::MIN, "a"]),
    ]);
    keys
}

fn cursor(list: &str, key: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!([list, key]).to_string())
}

fn hostile_cursor(real: &str, time: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(real).unwrap();
    let mut value: Value = serde_json::from_slice(&bytes).unwrap();
    let mut changed = false;
    let parts: Vec<&mut Value> = match &mut value[1] {
        Value::Array(parts) => parts.iter_mut().collect(),
        one => vec![one],
    };
    for part in parts {
        if part
            .as_str()
            .is_some_and(|text| text.contains('T') && text.ends_with('Z'))
        {
            *part = json!(time);
            changed = true;
        }
    }
    changed.then(|| BASE64_URL_SAFE_NO_PAD.encode(value.to_string()))
}

/// Keys of every shape that a list may have, with nothing odd in them.
fn fair_keys() -> Vec<Value> {
    let time = "2026-01-01T00:00:00Z";
    let uuid = "0198aaaa-bbbb-7ccc-8ddd-eeeeffff0001";
    let ids = IDS.map(|id| format!("{id}_{}", uuid.replace('-', "")));
    let mut keys = vec![json!(1), json!("a"), json!(time), json!(uuid), json!([time, uuid])];
    keys.extend(ids.iter().flat_map(|id| [json!(id), json!([time, id])]));
    keys.extend([json!([time, ids[12], "a"]), json!([time, "a", 1]), json!([time, 1])]);
    keys.extend([json!(["a", 1]), json!(["a", "a"]), json!([1, 1]), json!([1, "a"])]);
    keys.push(json!(["inbound", uuid]));
    keys
}

#[both_databases]
async fn no_list_answers_a_cursor_with_a_failure_of_ours(test: TestApp) {
    let client = Client::tenant(&test);
    let operator = client.with(ADMIN);
    let (lists, keys, fair) = (lists(), keys(), fair_keys());
    let mut asked = 0;
    for operation in operations(&test).await {
        if operation.query.iter().all(|(name, _)| name != "cursor") {
            continue;
        }
        let who = if operation.path.starts_with("/admin") {
            &operator
        } else {
            &client
        };
        let states = match operation.path.ends_with("/jobs") {
            true => &STATES[..],
            false => &[""],
        };
        for state in states {
            let state = match state.is_empty() {
                true => String::new(),
                false => format!("&state={state}"),
            };
            let status = async |list: &str, key: &Value| {
                let uri = format!("{}?cursor={}{state}", operation.path, cursor(list, key));
                let answer = who.get(&uri).await;
                assert!(
                    !answer.status.is_server_error(),
                    "{} {list} {key}: {}",
                    operation.name(),
                    answer.text()
                );
                answer.status.as_u16()
            };
            // What a key is like matters only in a cursor of the list itself, and that is the one of which some fair key is no bad request.
            let mut own = None;
            'lists: for list in &lists {
                for key in &fair {
                    if status(list, key).await != 400 {
                        own = Some(list);
                        break 'lists;
                    }
                }
            }
            let own = own.unwrap_or_else(|| panic!("{} {state}: none of the lists is its own", operation.name()));
            for key in &keys {
                status(own, key).await;
            }
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
}

#[both_databases]
async fn a_year_that_no_database_holds_is_no_cursor(test: TestApp) {
    for n in 0..3 {
        test.store(text(ANA, &format!("wamid.a{n}"), T0 + n, "Hello").to_string())
            .await;
        test.store(text(BEN, &format!("wamid.b{n}"), T0 + n, "Hello").to_string())
            .await;
    }
    test.process_all(64).await;
    let client = Client::tenant(&test);
    let conversation = client.get("/api/v1/conversations").await.ok().json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for uri in [
        "/api/v1/conversations".to_owned(),
        format!("/api/v1/conversations/{conversation}/messages"),
    ] {
        let page = client.get(&format!("{uri}?limit=1")).await.ok().json();
        for time in TIMES {
            let hostile = hostile_cursor(page["next_cursor"].as_str().unwrap(), time).expect("a time is in it");
            let answer = client.get(&format!("{uri}?limit=1&cursor={hostile}")).await;
            assert_eq!(answer.problem(400), "invalid-cursor", "{uri} {time}");
        }
    }
}

#[both_databases]
async fn a_time_that_no_database_holds_is_refused_wherever_it_stands(test: TestApp) {
    let client = Client::tenant(&test);
    let operator = client.with(ADMIN);
    let made = client
        .post(
            "/api/v1/endpoints",
            json!({ "url": "https://example.com/", "event_types": ["*"] }),
        )
        .await
        .json();
    let replay = format!("/api/v1/endpoints/{}/replay", made["id"].as_str().unwrap());
    let channels = client.get("/api/v1/channels").await.ok().json();
    let message = |expires_at: &str| {
        json!({ "channel_id": channels["data"][0]["id"], "to": { "phone": "4915550100777" },
        "type": "text", "text": { "body": "Hi" }, "expires_at": expires_at })
    };
    for time in TIMES {
        let encoded = time.replace('+', "%2B");
        for name in ["from", "to"] {
            let answer = operator.get(&format!("/admin/events?{name}={encoded}")).await;
            answer.problem(400);
            let answer = operator
                .post("/admin/events/replay", json!({ name: time, "dry_run": true }))
                .await;
            assert_eq!(answer.problem(422), "invalid-field", "{name} {time}");
            let mut range = json!({ "from": "2026-01-01T00:00:00Z" });
            range[name] = json!(time);
            assert_eq!(
                client.post(&replay, range).await.problem(422),
                "invalid-field",
                "{name} {time}"
            );
        }
        assert_eq!(
            client.post("/api/v1/messages", message(time)).await.problem(422),
            "invalid-field",
            "{time}"
        );
    }
    for at in [i64::MIN, i64::MAX, -99_999_999_999_999_999, 999_999_999_999_999_999] {
        for place in ["had:dlv_0198aaaabbbb7ccc8dddeeeeffff0001", "missing:1"] {
            let range = json!({ "from": "2026-01-01T00:00:00Z", "cursor": format!("{at}:{place}") });
            assert_eq!(
                client.post(&replay, range).await.problem(422),
                "invalid-field",
                "{at} {place}"
            );
        }
    }
    for sequence in [i64::MIN, -1, i64::MAX] {
        let cursor = format!("1790000000000000:missing:{sequence}");
        let range = json!({ "from": "2026-01-01T00:00:00Z", "states": ["missing"], "cursor": cursor });
        let answer = client.post(&replay, range).await;
        assert!(!answer.status.is_server_error(), "{sequence}: {}", answer.text());
        let answer = client.get(&format!("/api/v1/events?after={sequence}&type=x")).await;
        assert!(!answer.status.is_server_error(), "{sequence}: {}", answer.text());
    }
    for (first, last) in [("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")] {
        operator
            .get(&format!("/admin/events?from={first}&to={last}"))
            .await
            .ok();
        let range = json!({ "from": first, "to": last, "states": ["done", "dead", "missing"] });
        assert_eq!(client.post(&replay, range).await.status.as_u16(), 202);
    }
}
