//! Messages by which Meta itself says that a customer is now someone else.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::traffic::line::object;
use crate::traffic::shape::Shape;

impl Scene<'_> {
    /// The customer has the new ids from here on.
    pub(super) fn system(&mut self, shape: Shape) -> Map<String, Value> {
        let before = self.customer.clone();
        let mut system = match shape {
            Shape::IdentityChange => {
                let name = &before.name;
                return object(json!({
                    "system": {
                        "body": format!("{name}'s security code changed"),
                        "type": self.chance.pick(&["customer_identity_changed", "user_identity_changed"]),
                        "identity": self.chance.hex(12),
                        "user_id": before.user_id,
                    },
                    "identity": {
                        "acknowledged": true,
                        "created_timestamp": self.timestamp.to_string(),
                        "hash": self.chance.hex(12),
                    },
                }));
            }
            Shape::NumberChange => {
                self.customer.change_number(self.chance);
                let mut system = json!({"type": "user_changed_number"});
                if before.hides_phone {
                    system["body"] = json!(format!("User {} changed their number", before.name));
                } else {
                    let (old, new) = (&before.wa_id, &self.customer.wa_id);
                    system["body"] = json!(format!("User {} changed from {old} to {new}", before.name));
                    system["wa_id"] = json!(new);
                }
                system
            }
            _ => {
                self.customer.change_user_id(self.chance);
                json!({"type": "user_changed_user_id", "body": format!("User {} has a new id", before.name)})
            }
        };
        system["user_id"] = json!(self.customer.user_id);
        system["previous_user_id"] = json!(before.user_id);
        if let (Some(new), Some(old)) = (&self.customer.parent_user_id, &before.parent_user_id) {
            system["parent_user_id"] = json!(new);
            system["previous_parent_user_id"] = json!(old);
        }
        object(json!({"system": system}))
    }
}
