//! Tests on other tables than contacts.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    args::FilterArg,
    condition::{Bounds, ConditionBuilder, negated_unless},
};
use crate::{
    contacts::segments::language::{ConsentTest, Named},
    domain::{ConsentPurpose, ConsentStatus},
};

/// From a customer's last message until the end of the service window.
const WINDOW: TimeDelta = TimeDelta::hours(24);

impl ConditionBuilder {
    /// Returns whether the contact is among those that a table names. Without the COALESCE, PostgreSQL would join.
    fn named_in(&self, table: &str, rest: &str) -> String {
        format!(
            "COALESCE(c.id IN (SELECT contact_id FROM {table} \
             WHERE tenant_id = $1 AND contact_id >= $2 AND contact_id <= $3{rest}), FALSE)"
        )
    }

    /// Returns whether the contact has one of the tags, or is on one of the lists. With several tags PostgreSQL reads those of each by
    /// themselves: left to itself, it may read all tags of these contacts instead.
    pub(super) fn label(&mut self, any: &[Named]) -> String {
        let mut ids = any.iter().map(|it| it.id);
        if let (Some(id), true) = (ids.next(), any.len() == 1) {
            let id = self.bind(FilterArg::Id(id));
            return self.named_in("contact_tags", &format!(" AND tag_id = {id}"));
        }
        if !self.postgres {
            let places: Vec<String> = any.iter().map(|it| self.bind(FilterArg::Id(it.id))).collect();
            return self.named_in("contact_tags", &format!(" AND tag_id IN ({})", places.join(", ")));
        }
        let ids = self.bind(FilterArg::Ids(any.iter().map(|it| it.id).collect()));
        format!(
            "COALESCE(c.id IN (SELECT k.contact_id FROM UNNEST({ids}) t (id) CROSS JOIN LATERAL (SELECT contact_id FROM contact_tags \
             WHERE tenant_id = $1 AND tag_id = t.id AND contact_id >= $2 AND contact_id <= $3 OFFSET 0) k), FALSE)"
        )
    }

    pub(super) fn open_window(&mut self, on: Option<&Named>) -> String {
        let now = self.bind(FilterArg::Time(self.now));
        let channel = on.map(|channel| format!(" AND channel_id = {}", self.bind(FilterArg::Id(channel.id))));
        let rest = format!(" AND window_expires_at > {now}{}", channel.unwrap_or_default());
        self.named_in("conversations", &rest)
    }

    pub(super) fn has_written(&self) -> String {
        self.named_in("conversations", " AND window_expires_at IS NOT NULL")
    }

    /// Returns whether the contact's last message, on whichever channel, lies within the bounds.
    pub(super) fn last_inbound(&mut self, bounds: &Bounds<DateTime<Utc>>) -> String {
        let only_from = bounds.before.is_none();
        let bounds = bounds.clone().map(|at| self.bind(FilterArg::Time(at + WINDOW)));
        let rest = if only_from {
            format!(" AND {}", bounds.on("window_expires_at"))
        } else {
            let last = bounds.on("MAX(window_expires_at)");
            format!(" AND window_expires_at IS NOT NULL GROUP BY contact_id HAVING {last}")
        };
        self.named_in("conversations", &rest)
    }

    pub(super) fn any_consent(&mut self, purpose: ConsentPurpose) -> String {
        let purpose = self.bind_text(purpose.as_str());
        self.named_in("contact_consents", &format!(" AND purpose = {purpose}"))
    }

    pub(super) fn consent(&mut self, purpose: ConsentPurpose, is: &ConsentTest) -> String {
        let (wanted, holds) = match is {
            ConsentTest::Equal(status) => (std::slice::from_ref(status), true),
            ConsentTest::Differs(status) => (std::slice::from_ref(status), false),
            ConsentTest::In(all) => (&all[..], true),
        };
        let has = |status| wanted.contains(&status);
        // With those of unknown consent, it is all but the others.
        let unknown = has(None);
        let granted = has(Some(ConsentStatus::Granted)) != unknown;
        let revoked = has(Some(ConsentStatus::Revoked)) != unknown;
        let condition = match (granted, revoked) {
            (true, true) => self.any_consent(purpose),
            (true, false) => self.status(purpose, ConsentStatus::Granted),
            (false, true) => self.status(purpose, ConsentStatus::Revoked),
            (false, false) => "FALSE".to_owned(),
        };
        negated_unless(holds != unknown, condition)
    }

    /// Returns whether this is the status over all channels: `granted` where none is `revoked`, the greater of the two words.
    fn status(&mut self, purpose: ConsentPurpose, status: ConsentStatus) -> String {
        let purpose = self.bind_text(purpose.as_str());
        let status_is = self.bind_text(status.as_str());
        let rest = match status {
            ConsentStatus::Granted => {
                format!(" AND purpose = {purpose} GROUP BY contact_id HAVING MAX(status) = {status_is}")
            }
            ConsentStatus::Revoked => format!(" AND purpose = {purpose} AND status = {status_is}"),
        };
        self.named_in("contact_consents", &rest)
    }
}
