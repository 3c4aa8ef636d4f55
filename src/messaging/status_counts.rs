//! Counts what becomes of messages.

use crate::{domain::Status, provider::errors};

/// Counts a message that reached a status; with the error code, if it failed. Called where the event is made, so a transaction that is
/// repeated may count twice.
pub(crate) fn count_status(status: Status, code: Option<i64>) {
    metrics::counter!("mainstay_messages_total", "status" => status.as_str()).increment(1);
    if status == Status::Failed {
        let code = code.map_or_else(|| "none".to_owned(), errors::label);
        metrics::counter!("mainstay_message_failures_total", "code" => code).increment(1);
    }
}
