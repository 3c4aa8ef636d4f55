//! WhatsApp speaking about a person: a new number, a new id, a new phone.

use crate::meta::webhook::json::Json;
use crate::meta::webhook::person::phone;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// `user_changed_number`, `user_changed_user_id`, `customer_identity_changed`, …, `""` when missing. The sender is who it was before.
    pub kind: String,
    /// Digits of the number the person has now; never disclosed for `user_changed_user_id`.
    pub new_phone: Option<String>,
    /// The BSUID from now on: a new number brings a new one.
    pub user_id: Option<String>,
    pub parent_user_id: Option<String>,
    pub previous_user_id: Option<String>,
    pub previous_parent_user_id: Option<String>,
    /// Of `customer_identity_changed`: the new key's hash.
    pub identity_hash: Option<String>,
    pub body: Option<String>,
}

impl System {
    pub(super) fn read(message: &Json<'_>) -> Option<System> {
        let block = message.get("system");
        if !block.is_object() {
            return None;
        }
        // Before Graph v12 the new number had another key.
        let new_phone = block.get("wa_id").text().or_else(|| block.get("new_wa_id").text());
        let identity = block.get("identity");
        Some(System {
            kind: block.get("type").text().unwrap_or_default(),
            new_phone: new_phone.and_then(|text| phone(&text)),
            user_id: block.get("user_id").id(),
            parent_user_id: block.get("parent_user_id").id(),
            previous_user_id: block.get("previous_user_id").id(),
            previous_parent_user_id: block.get("previous_parent_user_id").id(),
            identity_hash: if identity.is_object() {
                identity
            } else {
                message.get("identity")
            }
            .get("hash")
            .text(),
            body: block.get("body").text(),
        })
    }
}
