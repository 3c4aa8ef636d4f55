//! The life of a message. A status only moves forward; the rank says which way that is.

use super::text_enum::text_enum;

text_enum! {
#[schema(as = MessageStatus)]
/// Where a message stands. The order is the order of evidence: the greatest that was ever reported holds, whatever the
/// order of arrival. `failed` outranks `sent` (Meta accepts first and gives up later) but not `delivered`.
pub enum Status {
    /// From a customer; inbound messages have no other status.
    Received = "received",
    /// Ours, and on its way: not with Meta yet.
    Queued = "queued",
    /// A call is being made.
    Sending = "sending",
    /// A call was made, and nobody knows whether Meta took the message.
    Unknown = "unknown",
    /// Withdrawn before it was sent.
    Canceled = "canceled",
    /// Its time ran out before it was sent.
    Expired = "expired",
    /// Meta has taken it.
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
    /// What SQL compares; gaps leave room for states between.
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
