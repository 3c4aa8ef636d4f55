//! Bodies that could cost more than their length.

/// A body of a size that grows with the number.
pub type Shape = fn(usize) -> String;

fn list(count: usize, element: impl Fn(usize) -> String) -> String {
    (0..count).map(element).collect::<Vec<_>>().join(",")
}

pub fn same(element: &str, count: usize) -> String {
    list(count, |_| element.to_owned())
}

/// A change of this field with these members in its value.
pub fn value(field: &str, members: &str) -> String {
    format!(r#"{{"entry":[{{"id":"1","changes":[{{"field":"{field}","value":{{{members}}}}}]}}]}}"#)
}

pub fn batch(key: &str, elements: &str) -> String {
    value("messages", &format!(r#""{key}":[{elements}]"#))
}

fn messages(count: usize) -> String {
    list(count, |n| format!(r#"{{"id":"{n}","from":"{n}"}}"#))
}

/// Many messages, and a text as long as all of them together in this place.
fn shared(count: usize, members: fn(&str) -> String) -> String {
    let text = "7".repeat(count * 20);
    value(
        "messages",
        &format!(
            r#"{},"messages":[{}]"#,
            members(&text),
            same(r#"{"id":"m","from":"1"}"#, count)
        ),
    )
}

fn contact(members: &str, count: usize) -> String {
    let message = same(r#"{"id":"m","from":"1","from_user_id":"A.1"}"#, count);
    value(
        "messages",
        &format!(r#""contacts":[{{"wa_id":"1",{members}}},{{}}],"messages":[{message}]"#),
    )
}

pub const SHAPES: &[(&str, Shape)] = &[
    ("odd entries", |n| format!(r#"{{"entry":[{}]}}"#, same("1", n))),
    ("lists for entries", |n| format!(r#"{{"entry":[{}]}}"#, same("[{}]", n))),
    ("empty entries", |n| format!(r#"{{"entry":[{}]}}"#, same("{}", n))),
    ("a body that is a list", |n| format!("[{}]", same("{}", n))),
    ("odd changes", |n| {
        format!(r#"{{"entry":[{{"changes":[{}]}}]}}"#, same("1", n))
    }),
    ("odd changes in each entry", |n| {
        format!(r#"{{"entry":[{}]}}"#, same(r#"{"changes":[1,2]}"#, n))
    }),
    ("changes without a value", |n| {
        format!(r#"{{"entry":[{{"changes":[{}]}}]}}"#, same("{}", n))
    }),
    ("a field each", |n| {
        let change = |at| format!(r#"{{"field":"f{at}","value":{{}}}}"#);
        format!(r#"{{"entry":[{{"changes":[{}]}}]}}"#, list(n, change))
    }),
    ("odd messages", |n| batch("messages", &same("1", n))),
    ("empty messages", |n| batch("messages", &same("{}", n))),
    ("statuses", |n| {
        batch(
            "statuses",
            &list(n, |at| {
                format!(r#"{{"id":"{at}","status":"sent","recipient_id":"{at}"}}"#)
            }),
        )
    }),
    ("odd statuses", |n| batch("statuses", &same("[]", n))),
    ("a status with errors", |n| {
        batch(
            "statuses",
            &format!(
                r#"{{"id":"1","status":"failed","errors":[{}]}}"#,
                same(r#"{"code":1}"#, n)
            ),
        )
    }),
    ("echoes", |n| {
        batch(
            "message_echoes",
            &list(n, |at| format!(r#"{{"id":"{at}","to":"{at}"}}"#)),
        )
    }),
    ("errors", |n| batch("errors", &same(r#"{"code":1}"#, n))),
    ("address book", |n| {
        batch(
            "state_sync",
            &same(r#"{"action":"add","contact":{"phone_number":"1"}}"#, n),
        )
    }),
    ("preferences", |n| {
        batch("user_preferences", &same(r#"{"wa_id":"1","value":"stop"}"#, n))
    }),
    ("calls", |n| batch("calls", &same(r#"{"id":"1"}"#, n))),
    ("groups", |n| batch("groups", &same("{}", n))),
    ("unknown members of one list", |n| batch("mystery", &same("1", n))),
    ("unknown members", |n| {
        value("messages", &list(n, |at| format!(r#""m{at}":{{}}"#)))
    }),
    ("a long name of an unknown list", |n| {
        batch(&"k".repeat(n * 20), &same("1", n))
    }),
    ("a repeated batch", |n| {
        value("messages", &same(r#""messages":[{"id":"1"}]"#, n))
    }),
    ("a repeated history", |n| {
        value("history", &same(r#""history":[{}]"#, n))
    }),
    ("chunks of history", |n| {
        value("history", &format!(r#""history":[{}]"#, same("{}", n)))
    }),
    ("threads of history", |n| {
        value("history", &format!(r#""history":[{{"threads":[{}]}}]"#, same("{}", n)))
    }),
    ("messages of history", |n| {
        value(
            "history",
            &format!(
                r#""history":[{{"threads":[{{"id":"1","messages":[{}]}}]}}]"#,
                messages(n)
            ),
        )
    }),
    ("a long thread id", |n| {
        let thread = format!(r#"{{"id":"{}","messages":[{}]}}"#, "7".repeat(n * 20), messages(n));
        value("history", &format!(r#""history":[{{"threads":[{thread}]}}]"#))
    }),
    ("errors of history", |n| {
        value("history", &format!(r#""history":[{{"errors":[{}]}}]"#, same("{}", n)))
    }),
    ("messages and as many contacts", |n| {
        let contacts = list(n, |at| format!(r#"{{"wa_id":"9{at}"}}"#));
        value(
            "messages",
            &format!(r#""contacts":[{contacts}],"messages":[{}]"#, messages(n)),
        )
    }),
    ("contacts with one number and a user id each", |n| {
        let contacts = list(n, |at| format!(r#"{{"wa_id":"1","user_id":"A.{at}"}}"#));
        let messages = same(r#"{"id":"m","from":"1","from_user_id":"B.1"}"#, n);
        value(
            "messages",
            &format!(r#""contacts":[{contacts}],"messages":[{messages}]"#),
        )
    }),
    ("statuses and as many contacts", |n| {
        let contacts = list(n, |at| format!(r#"{{"wa_id":"9{at}"}}"#));
        let statuses = list(n, |at| {
            format!(r#"{{"id":"{at}","status":"sent","recipient_id":"{at}"}}"#)
        });
        value(
            "messages",
            &format!(r#""contacts":[{contacts}],"statuses":[{statuses}]"#),
        )
    }),
    ("empty contacts", |n| {
        value(
            "messages",
            &format!(r#""contacts":[{}],"messages":[{}]"#, same("{}", n), messages(n)),
        )
    }),
    ("a long name", |n| {
        contact(&format!(r#""profile":{{"name":"{}"}}"#, "é".repeat(n * 10)), n)
    }),
    ("a long user name", |n| {
        contact(&format!(r#""profile":{{"username":"{}"}}"#, "u".repeat(n * 20)), n)
    }),
    ("a long key hash", |n| {
        contact(&format!(r#""identity_key_hash":"{}""#, "h".repeat(n * 20)), n)
    }),
    ("a long parent id", |n| {
        contact(&format!(r#""parent_user_id":"{}""#, "p".repeat(n * 20)), n)
    }),
    ("a long account id", |n| {
        let changes = same(r#"{"field":"x","value":{}}"#, n);
        format!(
            r#"{{"entry":[{{"id":"{}","changes":[{changes}]}}]}}"#,
            "7".repeat(n * 20)
        )
    }),
    ("a long field", |n| {
        value(&"f".repeat(n * 20), &format!(r#""messages":[{}]"#, messages(n)))
    }),
    ("a long number id", |n| {
        shared(n, |text| format!(r#""metadata":{{"phone_number_id":"{text}"}}"#))
    }),
    ("a long displayed number", |n| {
        shared(n, |text| format!(r#""metadata":{{"display_phone_number":"{text}"}}"#))
    }),
    ("an order of many items", |n| {
        let items = same(r#"{"quantity":1}"#, n);
        batch(
            "messages",
            &format!(r#"{{"id":"1","type":"order","order":{{"product_items":[{items}]}}}}"#),
        )
    }),
    ("many cards", |n| {
        let cards = same(r#"{"name":{"first_name":"a"}}"#, n);
        batch(
            "messages",
            &format!(r#"{{"id":"1","type":"contacts","contacts":[{cards}]}}"#),
        )
    }),
    ("edits of edits", |n| {
        let (open, close) = (r#"{"type":"edit","edit":{"original_message_id":"1","message":"#, "}}");
        let text = format!(r#"{{"type":"text","text":{{"body":"{}"}}}}"#, "t".repeat(n * 20));
        let edits = format!("{}{text}{}", open.repeat(30), close.repeat(30));
        batch("messages", &edits.replacen('{', r#"{"id":"m","#, 1))
    }),
    ("deep nesting", |n| {
        batch("messages", &format!("{}{}", "[".repeat(n), "]".repeat(n)))
    }),
    ("deep nesting beside itself", |n| {
        batch(
            "messages",
            &same(&format!("{}{}", "[".repeat(120), "]".repeat(120)), n / 20),
        )
    }),
    ("a long number", |n| batch("messages", &"7".repeat(n * 20))),
    ("numbers beyond measure", |n| batch("messages", &same("1e999", n))),
    ("NULs", |n| {
        batch(
            "messages",
            &format!(
                r#"{{"id":"1","type":"text","text":{{"body":"{}"}}}}"#,
                r"\u0000".repeat(n)
            ),
        )
    }),
    ("half characters", |n| {
        batch(
            "messages",
            &format!(
                r#"{{"id":"1","type":"text","text":{{"body":"{}"}}}}"#,
                r"\ud800".repeat(n)
            ),
        )
    }),
];
