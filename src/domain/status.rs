//! The life of a message. A status only moves forward; the rank says which way that is.

/// Where a message stands. The order is the order of evidence: the greatest that was ever reported holds, whatever the
/// order of arrival. `failed` outranks `sent` (Meta accepts first and gives up later) but not `delivered`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// From a customer; inbound messages have no other status.
    Received,
    /// Ours, and on its way: not with Meta yet.
    Queued,
    /// A call is being made.
    Sending,
    /// A call was made, and nobody knows whether Meta took the message.
    Unknown,
    /// Withdrawn before it was sent.
    Canceled,
    /// Its time ran out before it was sent.
    Expired,
    /// Meta has taken it.
    Accepted,
    Sent,
    Failed,
    Delivered,
    Read,
    /// First play of a voice message, <https://developers.facebook.com/documentation/business-messaging/whatsapp/>.
    Played,
    Deleted,
}

impl Status {
    pub const ALL: [Status; 13] = [
        Status::Received,
        Status::Queued,
        Status::Sending,
        Status::Unknown,
        Status::Canceled,
        Status::Expired,
        Status::Accepted,
        Status::Sent,
        Status::Failed,
        Status::Delivered,
        Status::Read,
        Status::Played,
        Status::Deleted,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Received => "received",
            Status::Queued => "queued",
            Status::Sending => "sending",
            Status::Unknown => "unknown",
            Status::Canceled => "canceled",
            Status::Expired => "expired",
            Status::Accepted => "accepted",
            Status::Sent => "sent",
            Status::Failed => "failed",
            Status::Delivered => "delivered",
            Status::Read => "read",
            Status::Played => "played",
            Status::Deleted => "deleted",
        }
    }

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

    pub fn parse(text: &str) -> Option<Status> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
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
