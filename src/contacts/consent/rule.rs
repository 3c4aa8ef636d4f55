//! The one rule that makes a state out of statements.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::domain::{ConsentId, ConsentSource, ConsentStatus};

/// A statement of the ledger, as far as the rule looks at it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ConsentEntry {
    pub id: ConsentId,
    pub status: ConsentStatus,
    pub source: ConsentSource,
    /// Whether a grant lifts what the contact refused themself.
    #[sqlx(rename = "override")]
    pub lifts: bool,
    pub occurred_at: DateTime<Utc>,
}

impl ConsentEntry {
    /// Returns its time in the order of statements. Meta gives whole seconds: what a contact refused counts from the end of its second, so that
    /// it is not before what somebody granted in the same second.
    fn counts_from(&self) -> DateTime<Utc> {
        if self.status == ConsentStatus::Revoked && self.source.is_own_word() {
            return self.occurred_at.trunc_subsecs(0) + TimeDelta::microseconds(999_999);
        }
        self.occurred_at
    }
}

/// What the statements amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConsentState {
    pub status: ConsentStatus,
    pub since: DateTime<Utc>,
    /// The statement that decided it.
    pub decided_by: ConsentId,
}

/// Computes the state of one contact, purpose and channel; `None` without statements.
///
/// 1. Statements are taken by time; of one instant, grants come first, and the contact's own refusal counts from the end of its second.
/// 2. A grant lifts the revocations before it that the business reported. Those in the contact's own word (a keyword, a button, their
///    setting in WhatsApp) it lifts only if it is the contact's own word too, or an override.
/// 3. While a revocation is not lifted, the state is revoked, else it is that of the last grant.
pub(crate) fn state(mut statements: Vec<ConsentEntry>) -> Option<ConsentState> {
    statements.sort_by_key(|it| (it.counts_from(), it.status == ConsentStatus::Revoked, it.id));
    let mut granted: Option<ConsentState> = None;
    // The earliest revocation of each sort that stands.
    let (mut reported, mut own): (Option<ConsentState>, Option<ConsentState>) = (None, None);
    for it in statements {
        let state = ConsentState {
            status: it.status,
            since: it.occurred_at,
            decided_by: it.id,
        };
        match (it.status, it.source.is_own_word()) {
            (ConsentStatus::Revoked, true) => drop(own.get_or_insert(state)),
            (ConsentStatus::Revoked, false) => drop(reported.get_or_insert(state)),
            (ConsentStatus::Granted, is_own) => {
                reported = None;
                if is_own || it.lifts {
                    own = None;
                }
                granted = Some(state);
            }
        }
    }
    own.or(reported).or(granted)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::Id;
    use ConsentSource::{Agent, Api, Button, Form, Import, Keyword, MetaPreference};
    use ConsentStatus::{Granted, Revoked};

    fn statement(n: u128, minute: i64, status: ConsentStatus, source: ConsentSource) -> ConsentEntry {
        ConsentEntry {
            id: ConsentId::from_uuid(Uuid::from_u128(n)),
            status,
            source,
            lifts: false,
            occurred_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(minute),
        }
    }

    /// Calls `check` with every order of the items.
    fn each_order(items: &mut Vec<ConsentEntry>, from: usize, check: &mut impl FnMut(&[ConsentEntry])) {
        if from == items.len() {
            return check(items);
        }
        for at in from..items.len() {
            items.swap(from, at);
            each_order(items, from + 1, check);
            items.swap(from, at);
        }
    }

    #[test]
    fn eight_statements_give_one_state_in_every_order() {
        let mut items = vec![
            statement(1, 1, Granted, Form),
            statement(2, 2, Revoked, Import),
            statement(3, 3, Granted, Api),
            statement(4, 4, Revoked, Keyword),
            statement(5, 5, Granted, Agent),
            statement(6, 5, Revoked, Agent),
            statement(7, 6, Granted, Import),
            statement(8, 6, Granted, Import),
        ];
        let expected = state(items.clone()).unwrap();
        assert_eq!((expected.status, expected.decided_by), (Revoked, items[3].id));
        let mut orders = 0;
        each_order(&mut items, 0, &mut |items| {
            orders += 1;
            assert_eq!(state(items.to_vec()), Some(expected));
        });
        assert_eq!(orders, 40_320);
    }

    #[test]
    fn only_a_contact_or_an_override_lifts_what_the_contact_refused() {
        for own in [Keyword, Button, MetaPreference] {
            let refused = statement(1, 1, Revoked, own);
            for source in [Api, Import, Agent, Form, ConsentSource::Ad] {
                let later = statement(2, 9, Granted, source);
                let found = state(vec![refused.clone(), later.clone()]).unwrap();
                assert_eq!(found.status, Revoked, "{source} after {own}");
                let with_proof = ConsentEntry { lifts: true, ..later };
                assert_eq!(state(vec![refused.clone(), with_proof]).unwrap().status, Granted);
            }
            let own_grant = statement(2, 9, Granted, Keyword);
            assert_eq!(state(vec![refused.clone(), own_grant]).unwrap().status, Granted);
        }
        for reported in [Api, Import, Agent, Form] {
            let refused = statement(1, 1, Revoked, reported);
            let later = statement(2, 9, Granted, Import);
            assert_eq!(state(vec![refused, later]).unwrap().status, Granted);
        }
    }

    #[test]
    fn of_one_instant_the_refusal_counts_and_nothing_said_is_nothing_known() {
        let found = state(vec![statement(2, 1, Revoked, Api), statement(3, 1, Granted, Api)]).unwrap();
        assert_eq!(found.status, Revoked);
        assert_eq!(state(Vec::new()), None);
    }

    #[test]
    fn what_the_contact_refuses_in_a_second_is_not_lifted_by_a_grant_of_the_same_second() {
        let mut granted = statement(1, 1, Granted, Api);
        granted.lifts = true;
        granted.occurred_at += TimeDelta::milliseconds(10);
        let refused = statement(2, 1, Revoked, Keyword);
        assert_eq!(state(vec![granted.clone(), refused.clone()]).unwrap().status, Revoked);
        granted.occurred_at += TimeDelta::seconds(1);
        assert_eq!(state(vec![refused, granted]).unwrap().status, Granted);
    }
}
