//! System messages about a user: a new number, a new id, a new phone.

use crate::webhook::json::JsonTree;
use crate::webhook::person::phone;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// `user_changed_number`, `user_changed_user_id`, `customer_identity_changed`, …; `""` if missing. The sender is the user's former
    /// identity.
    pub kind: String,
    /// Digits of the user's new number; never present for `user_changed_user_id`.
    pub new_phone: Option<String>,
    /// The new BSUID: a new number brings a new one.
    pub user_id: Option<String>,
    pub parent_user_id: Option<String>,
    pub previous_user_id: Option<String>,
    pub previous_parent_user_id: Option<String>,
    /// Hash of the new identity key, for `customer_identity_changed`.
    pub identity_hash: Option<String>,
    pub body: Option<String>,
}

impl System {
    pub(super) fn read(message: &JsonTree<'_>) -> Option<System> {
        let block = message.get("system");
        if !block.is_object() {
            return None;
        }
        // Before Graph v12 the new number was `new_wa_id`.
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
