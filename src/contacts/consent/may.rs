//! The one rule of who may be written to, whoever sends.

/// What the ledger says of a contact on a channel, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Everything is refused but one-time codes and answers.
    AllRevoked,
    MarketingRevoked,
    Granted,
    Unknown,
}

impl Standing {
    /// Reads the number that `contact_consents` is summed up by in SQL: 3, 2, 1, or NULL without a row.
    pub const fn of_number(number: Option<i64>) -> Self {
        match number {
            Some(3..) => Self::AllRevoked,
            Some(2) => Self::MarketingRevoked,
            Some(_) => Self::Granted,
            None => Self::Unknown,
        }
    }
}

/// What is sent, as far as consent goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendCategory {
    Marketing,
    Utility,
    /// A one-time code, or a message within an open service window.
    Other,
}

/// Returns whether a contact may be sent something. `stopped` is the contact's setting in WhatsApp; `opt_in` whether the tenant sends
/// marketing only to those who allowed it.
pub(crate) const fn may(standing: Standing, stopped: bool, opt_in: bool, category: SendCategory) -> bool {
    match category {
        SendCategory::Other => true,
        SendCategory::Utility => !matches!(standing, Standing::AllRevoked),
        SendCategory::Marketing => {
            !stopped
                && match standing {
                    Standing::AllRevoked | Standing::MarketingRevoked => false,
                    Standing::Granted => true,
                    Standing::Unknown => !opt_in,
                }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SendCategory::*, Standing::*, *};

    #[test]
    fn each_cell_of_the_table() {
        for (standing, stopped, opt_in, marketing, utility) in [
            (Unknown, false, false, true, true),
            (Unknown, false, true, false, true),
            (Unknown, true, false, false, true),
            (Granted, false, true, true, true),
            (Granted, true, false, false, true),
            (MarketingRevoked, false, false, false, true),
            (AllRevoked, false, false, false, false),
        ] {
            let case = format!("{standing:?} stopped={stopped} opt_in={opt_in}");
            assert_eq!(may(standing, stopped, opt_in, Marketing), marketing, "{case}");
            assert_eq!(may(standing, stopped, opt_in, Utility), utility, "{case}");
            assert!(may(standing, stopped, opt_in, Other), "{case}");
        }
    }
}
