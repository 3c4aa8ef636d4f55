//! Whom a business has blocked.

use serde_json::{Map, Value, json};

use super::Number;
use crate::graph::Graph;
use crate::graph::people::{Address, Recipient};
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

/// Somebody on the list.
#[derive(Clone, Debug)]
pub(crate) struct Blocked {
    pub user_id: String,
    /// What the business called them.
    pub input: String,
    /// Set if that was a phone number: WhatsApp's form of it.
    pub wa_id: Option<String>,
}

/// Whether users come to the list or go from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    Block,
    Unblock,
}

impl Number {
    pub fn has_blocked(&self, recipient: &Recipient) -> bool {
        let card = lock(&self.card);
        card.blocked
            .iter()
            .any(|blocked| blocked.user_id == recipient.customer.user_id)
    }
}

impl Graph {
    /// `GET /{phone_number_id}/block_users`: by `wa_id` who was blocked by phone number, by `user_id` who was blocked by that.
    pub(crate) fn blocked(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let data: Vec<Value> = lock(&number.card)
            .blocked
            .iter()
            .map(|blocked| {
                let mut user = json!({"messaging_product": "whatsapp", "input": blocked.input});
                match &blocked.wa_id {
                    Some(wa_id) => user["wa_id"] = json!(wa_id),
                    None => user["user_id"] = json!(blocked.user_id),
                }
                user
            })
            .collect();
        Ok(json!({"data": data, "paging": {"cursors": {"before": "QVFI", "after": "QVFJ"}}}))
    }

    /// `POST` and `DELETE /{phone_number_id}/block_users`: at most 1,000, each of whom wrote within the day.
    pub(crate) fn block(&self, call: &Call, body: &Value, blocking: Blocking) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let root = Field::root(body);
        root.is_whatsapp()?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for user in root.at("block_users").list(1, 1_000)? {
            let (name, address) = match user.at("user").is_given() {
                true => {
                    let name = user.at("user").text(64)?;
                    (name, Address::phone(name))
                }
                false => {
                    let name = user.at("user_id").text(140)?;
                    // A parent id is not accepted here.
                    (name, Address::user_id(name).filter(|_| !name.contains(".ENT.")))
                }
            };
            let Some(address) = address else {
                failed.push(refused(json!({"input": name}), 139100));
                continue;
            };
            let recipient = Recipient::of(&address, &lock(&self.people));
            let mut told = json!({"input": name});
            match address {
                Address::Phone(_) => told["wa_id"] = json!(recipient.customer.wa_id),
                _ => told["user_id"] = json!(recipient.customer.user_id),
            }
            let wrote = lock(&number.limits).window_is_open(&recipient.person, self.time.now());
            if blocking == Blocking::Block && !wrote {
                failed.push(refused(told, 131047));
                continue;
            }
            let mut card = lock(&number.card);
            card.blocked
                .retain(|blocked| blocked.user_id != recipient.customer.user_id);
            if blocking == Blocking::Block {
                card.blocked.push(Blocked {
                    input: name.to_owned(),
                    wa_id: matches!(address, Address::Phone(_)).then(|| recipient.customer.wa_id.clone()),
                    user_id: recipient.customer.user_id,
                });
            }
            done.push(told);
        }
        let list = match blocking {
            Blocking::Block => "added_users",
            Blocking::Unblock => "removed_users",
        };
        let mut users = Map::from_iter([(list.to_owned(), json!(done))]);
        if !failed.is_empty() {
            users.insert("failed_users".to_owned(), json!(failed));
        }
        let whole = Map::from_iter([
            ("messaging_product".to_owned(), json!("whatsapp")),
            ("block_users".to_owned(), Value::Object(users)),
        ]);
        match failed.is_empty() {
            true => Ok(Value::Object(whole)),
            false => Err(Refusal::of(139100).beside(whole)),
        }
    }
}

fn refused(mut user: Value, code: i64) -> Value {
    let known = crate::codes::Code::of(code);
    user["errors"] = json!([{
        "message": known.title,
        "code": code,
        "error_data": {"details": known.details},
    }]);
    user
}
