//! Which callback URL a change is posted to.

use std::collections::HashMap;
use std::sync::Arc;

use super::change::Change;

/// The fields that go to overrides; all others go to the app's own callback URL.
const OVERRIDABLE: [&str; 13] = [
    "messages",
    "message_echoes",
    "calls",
    "consumer_profile",
    "messaging_handovers",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
    "account_settings_update",
];

/// Callback URLs in place of the app's: a number's goes before its account's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub numbers: HashMap<String, Arc<str>>,
    pub accounts: HashMap<String, Arc<str>>,
}

impl Routes {
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.accounts.is_empty()
    }

    /// None for the app's own.
    pub fn of(&self, change: &Change) -> Option<Arc<str>> {
        if self.is_empty() || !OVERRIDABLE.contains(&change.field.as_str()) {
            return None;
        }
        let of_account = || self.accounts.get(&change.line.waba_id);
        self.numbers
            .get(&change.line.phone_number_id)
            .or_else(of_account)
            .cloned()
    }
}
