//! Webhooks as Meta writes them.

use serde_json::{Value, json};

use super::app::{NUMBER, WABA};

/// Some time in 2026, in Meta's seconds.
pub const T0: i64 = 1_790_000_000;

/// One value under a field, to the channel every test has.
pub fn change(field: &str, value: Value) -> Value {
    to(NUMBER, field, value)
}

/// The same to another phone number.
pub fn to(number: &str, field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({ "display_phone_number": "15550783881", "phone_number_id": number });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "changes": [{ "field": field, "value": value }] }] })
}

/// A person as `contacts[]` and `from` show one.
#[derive(Clone, Copy)]
pub struct Who {
    pub phone: Option<&'static str>,
    pub user_id: Option<&'static str>,
    pub name: &'static str,
}

pub const ANA: Who = Who {
    phone: Some("5491123456789"),
    user_id: Some("AR.1001"),
    name: "Ana",
};
pub const BEN: Who = Who {
    phone: Some("447700900123"),
    user_id: Some("GB.1002"),
    name: "Ben",
};
/// Has a user name and shows no number.
pub const CLEO: Who = Who {
    phone: None,
    user_id: Some("US.1003"),
    name: "Cleo",
};

/// A message of any type: `content` holds `type` and the key named like it.
pub fn message(who: Who, wamid: &str, at: i64, content: Value) -> Value {
    let mut message = content;
    message["id"] = json!(wamid);
    message["timestamp"] = json!(at.to_string());
    let mut contact = json!({ "profile": { "name": who.name } });
    if let Some(phone) = who.phone {
        message["from"] = json!(phone);
        contact["wa_id"] = json!(phone);
    }
    if let Some(user_id) = who.user_id {
        message["from_user_id"] = json!(user_id);
        contact["user_id"] = json!(user_id);
    }
    json!({ "contacts": [contact], "messages": [message] })
}

pub fn text(who: Who, wamid: &str, at: i64, body: &str) -> Value {
    change(
        "messages",
        message(who, wamid, at, json!({ "type": "text", "text": { "body": body } })),
    )
}

/// Of a message to Ana.
pub fn status(wamid: &str, word: &str, at: i64) -> Value {
    status_to(ANA, wamid, word, at)
}

pub fn status_to(who: Who, wamid: &str, status: &str, at: i64) -> Value {
    let mut report = json!({ "id": wamid, "status": status, "timestamp": at.to_string() });
    for (member, value) in [("recipient_id", who.phone), ("recipient_user_id", who.user_id)] {
        if let Some(value) = value {
            report[member] = json!(value);
        }
    }
    if status == "failed" {
        report["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    }
    change("messages", json!({ "statuses": [report] }))
}

/// A message the business sent from its own phone.
pub fn echo(who: Who, wamid: &str, at: i64, body: &str) -> Value {
    let echo = json!({
        "from": "15550783881", "to": who.phone, "to_user_id": who.user_id, "id": wamid, "timestamp": at.to_string(),
        "type": "text", "text": { "body": body },
    });
    change("smb_message_echoes", json!({ "message_echoes": [echo] }))
}
