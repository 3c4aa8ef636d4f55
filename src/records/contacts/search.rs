//! Finds contacts by phone number, and by the beginning of a name, number or user name.

use uuid::Uuid;

use super::Contact;
use crate::{
    db::{On, Result, Sql},
    domain::{ContactId, Id, TenantId},
    records::conversations::SearchTerm,
};

/// Maximum number of contacts taken from each prefix index: the work of a search is bounded whatever the number of contacts.
const CANDIDATES: usize = 500;

/// Finds the contact that has a phone number, given as digits.
pub(crate) async fn with_phone(on: On<'_>, tenant: TenantId, digits: &str) -> Result<Option<Contact>> {
    const SQL: &str = "
        SELECT c.id, c.kind, c.name, c.marketing_stopped, c.created_at, c.updated_at
        FROM contact_identities i JOIN contacts c ON c.tenant_id = i.tenant_id AND c.id = i.contact_id
        WHERE i.tenant_id = $1 AND i.kind = 'phone' AND i.value = $2";
    on.sql(SQL, (tenant, digits.to_owned())).opt().await
}

/// Searches contacts whose name, number or user name begins with the term, newest first.
pub(crate) async fn search(
    on: On<'_>,
    tenant: TenantId,
    term: &SearchTerm,
    before: Option<ContactId>,
    limit: i64,
) -> Result<Vec<Contact>> {
    let text = format!(
        "
        WITH hits AS (
            SELECT id FROM (
                SELECT id FROM contacts
                WHERE tenant_id = $1 AND LOWER(name){{binary}} >= LOWER($2) AND LOWER(name){{binary}} < LOWER($3)
                LIMIT {CANDIDATES}) by_name
            UNION
            SELECT contact_id FROM (
                SELECT contact_id FROM contact_identities
                WHERE tenant_id = $1 AND kind || '' = $4 AND LOWER(value){{binary}} >= LOWER($5) AND LOWER(value){{binary}} < LOWER($6)
                LIMIT {CANDIDATES}) by_identity
        )
        SELECT c.id, c.kind, c.name, c.marketing_stopped, c.created_at, c.updated_at
        FROM hits h CROSS JOIN contacts c
        WHERE c.tenant_id = $1 AND c.id = h.id AND c.id < $7
        ORDER BY c.id DESC
        LIMIT $8"
    );
    let end = |text: &str| format!("{text}{}", char::MAX);
    let (kind, value) = term.identity();
    let before = before.unwrap_or(ContactId::from_uuid(Uuid::max()));
    let args = (
        tenant,
        term.text().to_owned(),
        end(term.text()),
        kind.to_owned(),
        value.to_owned(),
        end(value),
        before,
        limit,
    );
    on.sql(Sql::built_with_binary_order(&text), args).all().await
}
