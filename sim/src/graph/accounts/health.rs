//! `health_status`: whether a number can send, and who stands in the way.

use serde_json::{Value, json};

use super::{Account, Number};
use crate::codes::Code;
use crate::graph::Graph;
use crate::simulator::lock;

impl Graph {
    pub(crate) fn health(&self, account: &Account, number: Option<&Number>) -> Value {
        let mut entities = Vec::new();
        if let Some(number) = number {
            let (status, quality) = {
                let card = lock(&number.card);
                (card.status.clone(), card.quality.clone())
            };
            let id = &number.line.phone_number_id;
            entities.push(match (status.as_str(), quality.as_str()) {
                ("CONNECTED", "RED") => {
                    let mut entity = entity("PHONE_NUMBER", id, "LIMITED");
                    entity["additional_info"] = json!(["The quality of this number is low."]);
                    entity
                }
                ("CONNECTED", _) => entity("PHONE_NUMBER", id, "AVAILABLE"),
                _ => blocked("PHONE_NUMBER", id, Code::of(133010)),
            });
        }
        entities.push(match account.trouble() {
            Some(trouble) => blocked("WABA", &account.id, Code::of(trouble.code())),
            None => entity("WABA", &account.id, "AVAILABLE"),
        });
        entities.push(entity("BUSINESS", &self.config.business_id, "AVAILABLE"));
        entities.push(entity("APP", &self.config.app_id, "AVAILABLE"));
        // The worst of them decides.
        let worst = ["BLOCKED", "LIMITED"]
            .into_iter()
            .find(|state| entities.iter().any(|entity| entity["can_send_message"] == *state));
        json!({"can_send_message": worst.unwrap_or("AVAILABLE"), "entities": entities})
    }
}

fn entity(kind: &str, id: &str, state: &str) -> Value {
    json!({"entity_type": kind, "id": id, "can_send_message": state})
}

fn blocked(kind: &str, id: &str, why: Code) -> Value {
    let mut entity = entity(kind, id, "BLOCKED");
    entity["errors"] = json!([{
        "error_code": why.code,
        "error_description": why.details,
        "possible_solution": "See the account in WhatsApp Manager.",
    }]);
    entity
}
