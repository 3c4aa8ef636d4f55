//! What a template's status means for those who send it.

/// Whether Meta sends a template of this status. Statuses that are not known here do not send.
pub fn is_sendable(status: &str) -> bool {
    status == "APPROVED"
}

/// The error Meta answers to a send of a template of this status.
pub fn refusal_code(status: &str) -> i64 {
    match status {
        "PAUSED" => 132_015,
        "DISABLED" => 132_016,
        _ => 132_001,
    }
}

/// The status that an event of `message_template_status_update` leaves a template in; `None` for an event that says nothing of it,
/// as one that flags a template for low quality, or that is not known here.
pub(super) fn after(event: &str) -> Option<&str> {
    match event {
        "REINSTATED" | "UNPAUSED" | "UNARCHIVED" => Some("APPROVED"),
        "APPROVED" | "ARCHIVED" | "DELETED" | "DISABLED" | "IN_APPEAL" | "LIMIT_EXCEEDED" | "PAUSED" | "PENDING"
        | "PENDING_DELETION" | "REJECTED" => Some(event),
        _ => None,
    }
}

/// What to do about a template that cannot be sent.
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
