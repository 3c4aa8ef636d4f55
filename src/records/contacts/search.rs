//! Finds contacts by phone number, and by the beginning of a name, number or user name.

use uuid::Uuid;

use super::{Contact, find::contact_columns};
use crate::{
    db::{On, Result, Sql},
    domain::{ContactId, Id, TenantId},
    records::conversations::{SearchTerm, contacts_by_prefix},
};

/// Finds the contact that has a phone number, given as digits.
pub(crate) async fn with_phone(on: On<'_>, tenant: TenantId, digits: &str) -> Result<Option<Contact>> {
    const SQL: &str = concat!(
        "SELECT ",
        contact_columns!(),
        " FROM contact_identities i JOIN contacts c ON c.tenant_id = i.tenant_id AND c.id = i.contact_id
        WHERE i.tenant_id = $1 AND i.kind = 'phone' AND i.value = $2"
    );
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
        WITH hits AS ({})
        SELECT {}
        FROM hits h CROSS JOIN contacts c
        WHERE c.tenant_id = $1 AND c.id = h.contact_id AND c.id < $7 AND c.archived_at IS NULL
        ORDER BY c.id DESC
        LIMIT $8",
        contacts_by_prefix(["$2", "$3"], ["$4", "$5", "$6"]),
        contact_columns!()
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
