//! Statuses of templates and their consequences for sending.

/// Returns whether Meta sends templates of this status. Unknown statuses are not sendable.
pub(crate) fn is_sendable(status: &str) -> bool {
    status == "APPROVED"
}

/// Returns the code of Meta's error for a send of a template of this status.
pub(crate) fn send_error_code(status: &str) -> i64 {
    match status {
        "PAUSED" => 132_015,
        "DISABLED" => 132_016,
        _ => 132_001,
    }
}

/// Returns the status that results from an event of `message_template_status_update`; `None` for an event that does not change it, such as
/// flagging for low quality, or an unknown one.
pub(super) fn status_after_event(event: &str) -> Option<&str> {
    match event {
        "REINSTATED" | "UNPAUSED" | "UNARCHIVED" => Some("APPROVED"),
        "APPROVED" | "ARCHIVED" | "DELETED" | "DISABLED" | "IN_APPEAL" | "LIMIT_EXCEEDED" | "PAUSED" | "PENDING"
        | "PENDING_DELETION" | "REJECTED" => Some(event),
        _ => None,
    }
}

/// Returns what to do about a template that cannot be sent.
pub(super) fn advice(status: &str) -> &'static str {
    match status {
        "PENDING" | "IN_APPEAL" => "wait for Meta's review, which takes up to a day",
        "REJECTED" => "edit it, so that Meta reviews it again",
        "PAUSED" => "Meta pauses for low quality and lets it go on after some hours; edit it or send another",
        "ARCHIVED" => "bring it back from the archive in WhatsApp Manager",
        "DISABLED" => "make another one: Meta disables for good what was paused too often",
        "DELETED" | "PENDING_DELETION" => "send another one",
        "LIMIT_EXCEEDED" => "delete templates that are not used: the account has as many as it may have",
        _ => "only APPROVED ones can be sent",
    }
}
