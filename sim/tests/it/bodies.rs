//! Bodies read the way a receiver would read them.

use std::collections::BTreeSet;

use mainstay_sim::{Item, Ledger, Manners, SimConfig, Traffic, Webhook};
use serde_json::Value;

pub fn traffic(manners: Manners) -> Traffic {
    Traffic::new(&SimConfig {
        manners,
        ..SimConfig::default()
    })
}

pub fn parse(webhook: &Webhook) -> Value {
    serde_json::from_slice(&webhook.body).unwrap()
}

/// Every `(phone_number_id, field, value)` of a body; none where garbage stands instead.
pub fn changes(body: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    elements(body, "entry")
        .flat_map(|entry| elements(entry, "changes"))
        .map(|change| {
            let value = &change["value"];
            let number = value["metadata"]["phone_number_id"].as_str().unwrap_or("");
            (number, change["field"].as_str().unwrap_or(""), value)
        })
}

pub fn elements<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// The messages and statuses of a body, as text.
pub fn read(body: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (number, field, value) in changes(body) {
        let message = |message: &Value| {
            let time: i64 = message["timestamp"].as_str().unwrap().parse().unwrap();
            format!(
                "message {number} {} {} {time}",
                message["id"].as_str().unwrap(),
                message["type"].as_str().unwrap()
            )
        };
        match field {
            "messages" => {
                found.extend(elements(value, "messages").map(message));
                found.extend(elements(value, "statuses").map(|status| {
                    let participant = ["recipient_participant_id", "recipient_participant_user_id"];
                    let participant = participant.iter().find_map(|key| status[key].as_str()).unwrap_or("-");
                    let time: i64 = status["timestamp"].as_str().unwrap().parse().unwrap();
                    format!(
                        "status {number} {} {} {time} {participant}",
                        status["id"].as_str().unwrap(),
                        status["status"].as_str().unwrap()
                    )
                }));
            }
            "smb_message_echoes" => found.extend(elements(value, "message_echoes").map(message)),
            "history" => {
                let threads = elements(value, "history").flat_map(|chunk| elements(chunk, "threads"));
                found.extend(threads.flat_map(|thread| elements(thread, "messages")).map(message));
            }
            _ => {}
        }
    }
    found
}

/// The messages and statuses among items, in the same words.
pub fn told(items: &[Item]) -> BTreeSet<String> {
    items
        .iter()
        .filter_map(|item| match item {
            Item::Message(message) => Some(format!(
                "message {} {} {} {}",
                message.phone_number_id, message.wamid, message.message_type, message.timestamp
            )),
            Item::Status(status) => Some(format!(
                "status {} {} {} {} {}",
                status.phone_number_id,
                status.wamid,
                status.status,
                status.timestamp,
                status.participant.as_deref().unwrap_or("-")
            )),
            Item::Other(_) => None,
        })
        .collect()
}

/// All messages and statuses of a ledger, in the same words.
pub fn entered(ledger: &Ledger) -> BTreeSet<String> {
    let messages = ledger.messages.iter().map(|record| Item::Message(record.item.clone()));
    let statuses = ledger.statuses.iter().map(|record| Item::Status(record.item.clone()));
    told(&messages.chain(statuses).collect::<Vec<_>>())
}

/// Every field with its value.
pub fn changes_owned(body: &Value) -> Vec<(String, Value)> {
    changes(body)
        .map(|(_, field, value)| (field.to_owned(), value.clone()))
        .collect()
}
