//! Answers given by tapping.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    /// `words` becomes the title of what was tapped.
    pub(super) fn interactive(&mut self, shape: Shape, words: Option<&str>) -> Map<String, Value> {
        let mut message = match shape {
            Shape::Button => {
                let text = words.unwrap_or("Sí, confirmar");
                object(json!({"button": {"payload": "confirm/yes", "text": text}}))
            }
            Shape::ButtonReply => self.tap(
                "button_reply",
                json!({"id": "slot:10", "title": words.unwrap_or("10:00 Uhr ✅")}),
            ),
            Shape::ListReply => {
                let mut row = json!({"id": "lamp/blue", "title": words.unwrap_or("Blaue Lampe")});
                if self.chance.happens(0.6) {
                    row["description"] = json!("40 cm, E27 – ab 39 €");
                }
                self.tap("list_reply", row)
            }
            Shape::FlowReply => {
                let token = if self.chance.happens(0.3) {
                    "unused".to_owned()
                } else {
                    self.chance.hex(16)
                };
                let answers = json!({"flow_token": token, "email": "zoë@example.org", "guests": 4, "terms": true});
                self.form("flow", &answers)
            }
            Shape::AddressReply => {
                let answers = json!({"values": {"name": "Meera", "house_number": "12/4", "in_pin_code": "560034", "city": "ಬೆಂಗಳೂರು"}});
                self.form("address_message", &answers)
            }
            _ => {
                let accepted = self.chance.happens(0.7);
                let mut reply = json!({
                    "response": if accepted { "accept" } else { "reject" },
                    "response_source": "user_action",
                });
                if accepted {
                    reply["expiration_timestamp"] = json!(self.timestamp + 7 * 86_400);
                }
                self.tap("call_permission_reply", reply)
            }
        };
        message.insert("context".to_owned(), self.context());
        message
    }

    fn tap(&mut self, kind: &str, reply: Value) -> Map<String, Value> {
        object(json!({"interactive": {"type": kind, kind: reply}}))
    }

    /// What a form sends back is JSON within a JSON string.
    fn form(&mut self, name: &str, answers: &Value) -> Map<String, Value> {
        self.tap(
            "nfm_reply",
            json!({"name": name, "body": "Sent", "response_json": answers.to_string()}),
        )
    }
}
