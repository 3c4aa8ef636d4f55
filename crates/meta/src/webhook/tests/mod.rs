//! Fixtures are bodies as Meta would send them, invented: `tests/fixtures/webhooks/*.json`, named after what they
//! hold.

mod accounts;
mod answers;
mod batches;
mod contents;
mod growth;
mod hostile;
mod odd;
mod people;
mod properties;
mod shapes;
mod statuses;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Change, StatusUpdate, UnknownReason, WebhookItem, WebhookMessage, WhatsAppUser, parse};

const BUSINESS: &str = "15550100200";
const INES: &str = "4915550100777";
const INES_ID: &str = "DE.48210077315596";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/webhooks")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name).with_extension("json")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn items(name: &str) -> Vec<WebhookItem> {
    parse(&fixture(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .items
}

fn only_item(name: &str) -> WebhookItem {
    let [item] = <[WebhookItem; 1]>::try_from(items(name)).unwrap_or_else(|items| panic!("{name}: {items:#?}"));
    item
}

fn only_message(name: &str) -> WebhookMessage {
    match only_item(name).change {
        Change::Message(message) => *message,
        other => panic!("{name}: {other:?}"),
    }
}

fn status(item: &WebhookItem) -> &StatusUpdate {
    match &item.change {
        Change::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

fn reason(item: &WebhookItem) -> UnknownReason {
    match &item.change {
        Change::Unknown(unknown) => unknown.reason,
        other => panic!("{other:?}"),
    }
}

fn at(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn phone(phone: &str) -> WhatsAppUser {
    WhatsAppUser {
        phone: some(phone),
        ..WhatsAppUser::default()
    }
}

fn ines() -> WhatsAppUser {
    WhatsAppUser {
        user_id: some(INES_ID),
        name: some("Ines Halvorsen"),
        ..phone(INES)
    }
}
