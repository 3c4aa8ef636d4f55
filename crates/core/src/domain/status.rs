//! Message statuses. A status only advances, in the order of its rank.

use super::text_enum::text_enum;

text_enum! {
/// Status of a message, in rank order. The highest rank ever reported wins, whatever the order of arrival. `failed` outranks `sent` (Meta
/// accepts first and fails later) but not `delivered`.
pub enum Status as MessageStatus {
    /// Sent by a customer. The only status of inbound messages.
    Received = "received",
    /// Stored and waiting to be sent.
    Queued = "queued",
    /// A call to Meta is in progress.
    Sending = "sending",
    /// A call was made; unknown whether Meta accepted the message.
    Unknown = "unknown",
    /// Canceled before it was sent.
    Canceled = "canceled",
    /// Expired before it was sent.
    Expired = "expired",
    /// Accepted by Meta.
    Accepted = "accepted",
    Sent = "sent",
    Failed = "failed",
    Delivered = "delivered",
    Read = "read",
    /// First play of a voice message, <https://developers.facebook.com/documentation/business-messaging/whatsapp/>.
    Played = "played",
    Deleted = "deleted",
}
}

impl Status {
    /// Returns the rank that SQL compares. Gaps leave room for further statuses.
    pub const fn rank(self) -> i64 {
        match self {
            Status::Received => 0,
            Status::Queued => 1,
            Status::Sending => 2,
            Status::Unknown => 3,
            Status::Canceled => 4,
            Status::Expired => 5,
            Status::Accepted => 10,
            Status::Sent => 20,
            Status::Failed => 25,
            Status::Delivered => 30,
            Status::Read => 40,
            Status::Played => 50,
            Status::Deleted => 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_the_order_of_the_states() {
        assert!(Status::ALL.is_sorted_by_key(|status| status.rank()));
        assert!(Status::ALL.is_sorted());
    }

    #[test]
    fn a_failure_reported_after_delivery_changes_nothing() {
        assert!(Status::Failed.rank() > Status::Sent.rank() && Status::Failed.rank() < Status::Delivered.rank());
    }
}
