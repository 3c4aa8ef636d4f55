//! What Meta adds without notice, fails at, or never documented; and what strangers send.

use serde_json::{Value, json};

use super::change::Change;
use super::line::{Line, object};
use super::statuses::{Fate, Telling};
use crate::chance::Chance;
use crate::people::Customer;
use crate::{Encoding, Item, Other};

/// Something no documentation knows, in an otherwise sound webhook.
pub(super) fn oddity(line: &Line, customer: &Customer, now: i64, chance: &mut Chance) -> Change {
    match chance.between(0..=4) {
        0 => {
            let field = format!(
                "{}_weather_update",
                chance.pick(&["business", "customer", "phone_number"])
            );
            let value = object(json!({"event": "CLOUDY", "forecast": [1, 2.5, null, {"später": true}]}));
            Change::of_number(line, &field, value, vec![Item::Other(Other::new(&field, "CLOUDY"))]).at(now)
        }
        1 => {
            let status = *chance.pick(&["warning", "deleted", "accepted", "teleported"]);
            Fate::of_stranger(line, customer, chance).change(Telling::bare(status, now))
        }
        2 => payment(line, customer, now, chance),
        3 => {
            let click = json!({
                "timestamp": now.to_string(),
                "action_type": "marketing_messages_link_click",
                "marketing_messages_link_click_data": {"click_component": "CTA", "click_id": chance.hex(12), "tracking_token": chance.hex(30)},
            });
            of_messages(line, "user_actions", json!([click]))
        }
        _ => of_messages(
            line,
            "conversation_context",
            json!({"previous_owner": "assistant", "since": now}),
        ),
    }
}

/// A problem of the app or the account, where messages would stand.
pub(super) fn value_error(line: &Line, now: i64, chance: &mut Chance) -> Change {
    let (code, title, details) = *chance.pick(&[
        (
            130429,
            "Rate limit hit",
            "Too many messages were sent from this number in a short time.",
        ),
        (
            131000,
            "Something went wrong",
            "The message could not be handled for an unknown reason.",
        ),
        (131016, "Service unavailable", "A service is temporarily unavailable."),
        (
            131031,
            "Account has been locked",
            "The account does not comply with the policy.",
        ),
    ]);
    let error = json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes/",
    });
    of_messages(line, "errors", json!([error])).at(now)
}

fn of_messages(line: &Line, key: &str, content: Value) -> Change {
    let mut value = line.value();
    value.insert(key.to_owned(), content);
    Change::of_number(line, "messages", value, vec![Item::Other(Other::new("messages", key))])
}

/// Payments share the array of message statuses but not its words.
fn payment(line: &Line, customer: &Customer, now: i64, chance: &mut Chance) -> Change {
    let status = *chance.pick(&["pending", "captured"]);
    let mut change = Fate::of_stranger(line, customer, chance).change(Telling::bare(status, now));
    let told = &mut change.value["statuses"][0];
    told["type"] = json!("payment");
    told["payment"] = json!({
        "reference_id": format!("invoice/{}", chance.digits(6)),
        "amount": {"value": 118_000, "offset": 100},
        "currency": "INR",
    });
    change
}

/// A body that is no webhook, or not even JSON.
pub(super) fn garbage(line: &Line, encoding: Encoding, chance: &mut Chance) -> Vec<u8> {
    let id = &line.waba_id;
    match chance.between(0..=7) {
        0 => Vec::new(),
        1 => b"hub.mode=subscribe&hub.challenge=1".to_vec(),
        2 => format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{id}","chan"#).into_bytes(),
        3 => vec![0xff, 0xfe, b'{', 0xc3, 0x28, b'}'],
        4 => [vec![b'['; 5000], vec![b']'; 5000]].concat(),
        5 => encoding.encode(&json!({"object": "page", "entry": [{"id": id, "messaging": []}]})),
        6 => encoding.encode(&json!({"object": "whatsapp_business_account", "entry": {"id": id}})),
        _ => encoding
            .encode(&json!({"object": "whatsapp_business_account", "entry": [{"id": id, "changes": []}, null, "é"]})),
    }
}
