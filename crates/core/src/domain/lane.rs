use serde::{Deserialize, Serialize};

/// Priority class of a send: replies overtake transactional messages, and both overtake campaigns.
// The numbers are those of the queue's lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendLane {
    /// A reply in a conversation: a person waits for it.
    Reply = 0,
    /// Expected by the customer: an order confirmation, a one-time code.
    Transactional = 1,
    Campaign = 2,
}

impl SendLane {
    pub const ALL: [SendLane; 3] = [SendLane::Reply, SendLane::Transactional, SendLane::Campaign];

    pub const fn as_str(self) -> &'static str {
        match self {
            SendLane::Reply => "reply",
            SendLane::Transactional => "transactional",
            SendLane::Campaign => "campaign",
        }
    }

    pub fn parse(text: &str) -> Option<SendLane> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text)
    }

    /// Returns the number that SQL and the queue store: 0, 1 or 2.
    pub const fn number(self) -> i64 {
        self as i64
    }

    pub fn of_number(number: i64) -> Option<SendLane> {
        Self::ALL.into_iter().find(|lane| lane.number() == number)
    }

    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_reads_back_what_it_is_called_and_numbered() {
        for (lane, name, number) in [
            (SendLane::Reply, "reply", 0),
            (SendLane::Transactional, "transactional", 1),
            (SendLane::Campaign, "campaign", 2),
        ] {
            assert_eq!((lane.as_str(), lane.number()), (name, number));
            assert_eq!(SendLane::parse(name), Some(lane));
            assert_eq!(SendLane::of_number(number), Some(lane));
            assert_eq!(
                serde_json::to_value(lane).expect("a word"),
                serde_json::Value::from(name)
            );
        }
        assert_eq!((SendLane::parse("urgent"), SendLane::of_number(3)), (None, None));
    }
}
