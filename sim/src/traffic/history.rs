//! Conversations from before the business joined with its phone, sent in chunks.

use serde_json::{Value, json};

use super::change::Change;
use super::line::Line;
use crate::chance::{Chance, Direction};
use crate::people::Customer;
use crate::talk::{ANSWERS, Thread};
use crate::{InboundFile, Item, Message, Other, Source};

const DAY: i64 = 86_400;

/// A chunk, and the files that follow it for the placeholders within.
pub(super) struct Chunk {
    pub change: Change,
    pub late_media: Vec<Change>,
}

/// One chunk about the given people, of about `size` messages in all.
pub(super) fn chunk(line: &Line, people: &[Customer], size: usize, now: i64, chance: &mut Chance) -> Chunk {
    let mut threads = Vec::new();
    let mut items = Vec::new();
    let mut late_media = Vec::new();
    for customer in people {
        let mut thread = Thread::default();
        let mut timestamp = now - chance.between(1..=170) * DAY;
        let mut messages = Vec::new();
        for _ in 0..(size / people.len()).max(1) {
            timestamp += chance.between(5..=900);
            let by_business = chance.happens(0.5);
            let direction = if by_business {
                Direction::FromBusiness
            } else {
                Direction::FromCustomer
            };
            let wamid = chance.wamid(direction);
            let status = chance.pick(&["PENDING", "SENT", "DELIVERED", "READ", "READ", "PLAYED", "ERROR"]);
            let mut message = json!({
                "id": wamid,
                "timestamp": timestamp.to_string(),
                "history_context": {"status": status},
            });
            let message_type = if chance.happens(0.1) {
                late_media.push(late_file(line, customer, by_business, &wamid, timestamp, chance));
                "media_placeholder"
            } else {
                let body = match by_business {
                    true => chance.pick(ANSWERS),
                    false => thread.next_line(&customer.country, |topics| chance.index(topics)),
                };
                message["text"] = json!({"body": body});
                "text"
            };
            message["type"] = json!(message_type);
            let from = author(line, customer, by_business);
            if let Some(from) = &from {
                message["from"] = json!(from);
            }
            messages.push(message);
            items.push(Item::Message(Message {
                phone_number_id: line.phone_number_id.clone(),
                wamid,
                source: Source::History,
                message_type: message_type.to_owned(),
                shape: None,
                from,
                user_id: customer.user_id.clone(),
                timestamp,
            }));
        }
        threads.push(json!({
            "id": customer.shown_wa_id().unwrap_or(&customer.user_id),
            "messages": messages,
        }));
    }
    let mut value = line.value();
    let metadata = json!({
        "phase": chance.between(0..=2),
        "chunk_order": chance.between(1..=9),
        "progress": chance.between(1..=100),
    });
    value.insert(
        "history".to_owned(),
        json!([{"metadata": metadata, "threads": threads}]),
    );
    Chunk {
        change: Change::of_number(line, "history", value, items),
        late_media,
    }
}

/// The business declined to share what it had.
pub(super) fn declined(line: &Line, now: i64) -> Change {
    let mut value = line.value();
    value.insert(
        "history".to_owned(),
        json!([{"errors": [{
            "code": 2593109,
            "title": "History sharing is turned off",
            "message": "History sharing is turned off",
            "error_data": {"details": "The business chose not to share its history."},
        }]}]),
    );
    Change::of_number(
        line,
        "history",
        value,
        vec![Item::Other(Other::new("history", "declined"))],
    )
    .at(now)
}

/// The file of a placeholder. It bears the id of a message the ledger has already, so it counts as something else.
fn late_file(
    line: &Line,
    customer: &Customer,
    by_business: bool,
    wamid: &str,
    timestamp: i64,
    chance: &mut Chance,
) -> Change {
    let file = InboundFile::invent("image/jpeg", false, chance);
    let mut message = json!({
        "id": wamid,
        "timestamp": timestamp.to_string(),
        "type": "image",
        "image": {"id": file.id, "mime_type": file.mime_type, "sha256": file.sha256, "caption": "Así quedó 💡"},
    });
    if let Some(from) = author(line, customer, by_business) {
        message["from"] = json!(from);
    }
    let mut value = line.value();
    value.insert("messages".to_owned(), Value::Array(vec![message]));
    Change::of_number(
        line,
        "history",
        value,
        vec![Item::Other(Other::new("history", "late_media"))],
    )
    .naming(vec![file])
}

fn author(line: &Line, customer: &Customer, by_business: bool) -> Option<String> {
    match by_business {
        true => Some(line.display_phone_number.clone()),
        false => customer.shown_wa_id().map(str::to_owned),
    }
}
