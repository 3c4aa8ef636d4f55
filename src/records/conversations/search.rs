//! Search for conversations by name, number, user name or last message.

use chrono::{DateTime, Utc};

use super::find::{Conversation, ConversationCursor, ConversationFilter, columns, top};
use crate::{
    db::{On, Result, Sql, like_literal},
    domain::TenantId,
};

/// Maximum number of recently active conversations searched for a text at any position.
const WINDOW: usize = 5_000;
/// Maximum number of contacts taken from each prefix index.
const CANDIDATES: usize = 500;

/// A search term: text, or the digits of a phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerm {
    text: String,
    digits: Option<String>,
}

impl SearchTerm {
    /// Parses a term; `None` if it is blank. Text that could be a phone number as people write it (`+54 9 11 5555-0101`), with at least
    /// three digits, is searched for by its digits as well.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_owned();
        let written = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-().".contains(c);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = Some(digits).filter(|digits| digits.len() >= 3 && text.chars().all(written));
        (!text.is_empty()).then_some(Self { text, digits })
    }

    /// Returns the text that names are compared with.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the kind of identity that is searched, and the text in its value.
    pub(crate) fn identity(&self) -> (&'static str, &str) {
        match &self.digits {
            Some(digits) => ("phone", digits),
            None => ("username", self.text.trim_start_matches('@')),
        }
    }
}

/// Searches conversations, the last active first. Two sources, each bounded, whatever the number of conversations:
///
/// - by prefix: contacts whose name, number or user name begins with the term, at most `CANDIDATES` from each index;
/// - by substring: name, number, user name or last message of the `WINDOW` most recently active conversations.
pub async fn search(
    on: On<'_>,
    tenant: TenantId,
    term: &SearchTerm,
    filter: ConversationFilter,
    before: Option<ConversationCursor>,
    limit: i64,
) -> Result<Vec<Conversation>> {
    let sql = Sql::built_with_binary_order(&text(filter));
    let (kind, value) = term.identity();
    let (at, id) = before.unwrap_or_else(top);
    let anywhere = |text: &str| format!("%{}%", like_literal(text));
    let end = |text: &str| format!("{text}{}", char::MAX);
    let args = (
        tenant,
        term.text.clone(),
        end(&term.text),
        anywhere(&term.text),
        kind.to_owned(),
        value.to_owned(),
        end(value),
        anywhere(value),
        at,
        id,
        limit,
        filter.channel,
        DateTime::<Utc>::UNIX_EPOCH,
    );
    on.sql(sql, args).all().await
}

/// Returns the query of the `contact_id`s of tenant `$1` whose name lies from the first parameter on and before the second, or that have
/// an identity of a kind whose value lies between two others. At most [`CANDIDATES`] of each, whatever the number of contacts.
pub(crate) fn contacts_by_prefix([from, to]: [&str; 2], [kind, first, end]: [&str; 3]) -> String {
    format!(
        "
            SELECT id AS contact_id FROM (
                SELECT id FROM contacts
                WHERE tenant_id = $1 AND name IS NOT NULL
                    AND LOWER(name){{binary}} >= LOWER({from}) AND LOWER(name){{binary}} < LOWER({to})
                LIMIT {CANDIDATES}) by_name
            UNION
            SELECT id AS contact_id FROM (
                SELECT id FROM contacts
                WHERE tenant_id = $1 AND given_name IS NOT NULL
                    AND LOWER(given_name){{binary}} >= LOWER({from}) AND LOWER(given_name){{binary}} < LOWER({to})
                LIMIT {CANDIDATES}) by_given_name
            UNION
            SELECT contact_id FROM (
                SELECT contact_id FROM contact_identities
                WHERE tenant_id = $1 AND kind || '' = {kind}
                    AND LOWER(value){{binary}} >= LOWER({first}) AND LOWER(value){{binary}} < LOWER({end})
                LIMIT {CANDIDATES}) by_identity"
    )
}

/// Returns the statement.
///
/// - CROSS JOIN fixes the loop order on SQLite; PostgreSQL finds it itself.
/// - Lookups per recent row are subqueries: joined, PostgreSQL reads all identities.
/// - `kind || ''` matches the expression of the prefix index.
/// - The tenant of the candidates' conversations is named last: otherwise SQLite reads all of the tenant's for each candidate.
fn text(filter: ConversationFilter) -> String {
    format!(
        r#"
        WITH recent AS (
            SELECT id, contact_id, last_message_text FROM conversations
            WHERE tenant_id = $1 ORDER BY last_message_at DESC, id DESC LIMIT {WINDOW}
        ), candidates AS ({}), hits AS (
            SELECT r.id FROM recent r
            WHERE LOWER(r.last_message_text) LIKE LOWER($4) ESCAPE '!'
                OR LOWER((SELECT COALESCE(c.given_name, '') || ' ' || COALESCE(c.name, '') FROM contacts c
                    WHERE c.tenant_id = $1 AND c.id = r.contact_id)) LIKE LOWER($4) ESCAPE '!'
                OR (SELECT COUNT(*) FROM contact_identities i
                    WHERE i.tenant_id = $1 AND i.contact_id = r.contact_id AND i.kind = $5 AND i.retired_at IS NULL
                        AND LOWER(i.value) LIKE LOWER($8) ESCAPE '!') > 0
            UNION
            SELECT v.id FROM candidates k CROSS JOIN conversations v
            WHERE v.contact_id = k.contact_id
        )
        SELECT {}
        FROM hits h CROSS JOIN conversations v LEFT JOIN contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
        WHERE v.tenant_id = $1 AND v.id = h.id AND (v.last_message_at, v.id) < ($9, $10)
            AND v.last_message_at > $13 AND ($12 IS NULL OR v.channel_id = $12) {}
        ORDER BY v.last_message_at DESC, v.id DESC
        LIMIT $11"#,
        contacts_by_prefix(["$2", "$3"], ["$5", "$6", "$7"]),
        columns!(),
        filter.unread()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Scratch;

    #[tokio::test]
    async fn nothing_but_the_recent_is_read_for_being_the_tenants() {
        let db = Scratch::migrated().await;
        let plan = format!("EXPLAIN QUERY PLAN {}", text(ConversationFilter::default()));
        let values: Vec<Option<String>> = vec![None; 13];
        let steps: Vec<(i64, i64, i64, String)> =
            db.sql(Sql::built_with_binary_order(&plan), values).all().await.unwrap();
        let whole: Vec<&str> = steps
            .iter()
            .map(|step| step.3.as_str())
            .filter(|step| step.ends_with("(tenant_id=?)"))
            .collect();
        assert_eq!(
            whole,
            ["SEARCH conversations USING INDEX conversations_by_recency (tenant_id=?)"]
        );
        for index in [
            "contacts_by_profile_name",
            "contacts_by_given_name",
            "contact_identities_by_beginning",
            "contact_identities_by_contact",
            "conversations_by_pair",
        ] {
            assert!(
                steps.iter().any(|step| step.3.contains(index)),
                "{index} is not used: {steps:?}"
            );
        }
    }

    #[test]
    fn a_number_is_looked_for_by_its_digits_however_it_is_written() {
        let identity = |text| {
            let term = SearchTerm::parse(text).unwrap();
            let (kind, value) = term.identity();
            (kind, value.to_owned())
        };
        assert_eq!(identity(" +54 9 11 5555-0101 "), ("phone", "5491155550101".to_owned()));
        assert_eq!(identity("(555) 010.199"), ("phone", "555010199".to_owned()));
        assert_eq!(identity("@ana.paz"), ("username", "ana.paz".to_owned()));
        assert_eq!(identity("order 5511"), ("username", "order 5511".to_owned()));
        assert_eq!(SearchTerm::parse("  "), None);
    }
}
