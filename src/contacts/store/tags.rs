//! Tags and lists, and the contacts that have them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{ContactId, Id, TagId, TagKind, TenantId},
    records::contacts::ContactMerge,
};

/// A tag or a list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Tag {
    pub id: TagId,
    pub kind: TagKind,
    pub name: String,
    pub folded: String,
    /// Six hexadecimal digits.
    pub colour: Option<String>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

/// Lists the tags of a kind by name.
pub(crate) async fn list(on: On<'_>, tenant: TenantId, kind: TagKind) -> Result<Vec<Tag>> {
    const SQL: &str = "
        SELECT id, kind, name, folded, colour, created_at, created_by FROM tags WHERE tenant_id = $1 AND kind = $2
        ORDER BY folded";
    on.sql(SQL, (tenant, kind.as_str().to_owned())).all().await
}

/// Inserts tags, without those whose names are taken.
pub(crate) async fn insert(on: On<'_>, tenant: TenantId, tags: &[Tag]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, kind, name, folded, colour, created_at, created_by) AS ({rows})
        INSERT INTO tags (tenant_id, id, kind, name, folded, colour, created_at, created_by)
        SELECT tenant_id, id, kind, name, folded, colour, created_at, created_by FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let row = |it: &Tag| {
        (
            tenant.uuid(),
            it.id.uuid(),
            it.kind.as_str().to_owned(),
            it.name.clone(),
            it.folded.clone(),
            it.colour.clone(),
            it.created_at,
            it.created_by.clone(),
        )
    };
    Rows::new(SQL, tags.iter().map(row).collect()).run(on).await
}

/// Writes the name and colour of a tag.
pub(crate) async fn update(on: On<'_>, tenant: TenantId, it: &Tag) -> Result<u64> {
    const SQL: &str = "UPDATE tags SET name = $3, folded = $4, colour = $5 WHERE tenant_id = $1 AND id = $2";
    let args = (tenant, it.id, it.name.clone(), it.folded.clone(), it.colour.clone());
    on.sql(SQL, args).run().await
}

/// Deletes a tag, and takes it off its contacts.
pub(crate) async fn delete(tx: &mut Tx, tenant: TenantId, id: TagId) -> Result<u64> {
    const FROM_CONTACTS: &str = "DELETE FROM contact_tags WHERE tenant_id = $1 AND tag_id = $2";
    const DELETE: &str = "DELETE FROM tags WHERE tenant_id = $1 AND id = $2";
    tx.sql(FROM_CONTACTS, (tenant, id)).run().await?;
    tx.sql(DELETE, (tenant, id)).run().await
}

/// A tag of a contact.
pub(crate) type TagOfContact = (ContactId, TagId);

/// Adds tags to contacts. Returns those that the contacts did not have.
pub(crate) async fn add(
    on: On<'_>,
    tenant: TenantId,
    pairs: &BTreeSet<TagOfContact>,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Vec<TagOfContact>> {
    const SQL: &str = "
        WITH r (tenant_id, tag_id, contact_id, created_at, created_by) AS ({rows})
        INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
        SELECT tenant_id, tag_id, contact_id, created_at, created_by FROM r
        WHERE true
        ON CONFLICT DO NOTHING
        RETURNING contact_id, tag_id";
    let row = |(contact, tag): &TagOfContact| (tenant.uuid(), tag.uuid(), contact.uuid(), now, by.to_owned());
    Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await
}

/// Takes tags off contacts. Returns those that the contacts had.
pub(crate) async fn remove(on: On<'_>, tenant: TenantId, pairs: &BTreeSet<TagOfContact>) -> Result<Vec<TagOfContact>> {
    const SQL: &str = "
        WITH r (tenant_id, tag_id, contact_id) AS ({rows})
        DELETE FROM contact_tags
        WHERE (tenant_id, tag_id, contact_id) IN (SELECT tenant_id, tag_id, contact_id FROM r)
        RETURNING contact_id, tag_id";
    let row = |(contact, tag): &TagOfContact| (tenant.uuid(), tag.uuid(), contact.uuid());
    Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await
}

#[derive(sqlx::FromRow)]
struct TaggedRow {
    contact_id: ContactId,
    #[sqlx(flatten)]
    tag: Tag,
}

/// Reads the tags and lists of contacts, by name.
pub(crate) async fn of_contacts(on: On<'_>, tenant: TenantId, contacts: &[ContactId]) -> Result<Vec<(ContactId, Tag)>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id) AS ({rows})
        SELECT k.contact_id, t.id, t.kind, t.name, t.folded, t.colour, t.created_at, t.created_by
        FROM r CROSS JOIN contact_tags k JOIN tags t ON t.tenant_id = k.tenant_id AND t.id = k.tag_id
        WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id
        ORDER BY k.contact_id, t.folded";
    let row = |id: &ContactId| (tenant.uuid(), id.uuid());
    let found: Vec<TaggedRow> = Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().map(|it| (it.contact_id, it.tag)).collect())
}

/// Returns those contacts that have more tags and lists together than the number beside them.
pub(crate) async fn with_more_than(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[(ContactId, i64)],
) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, number) AS ({rows})
        SELECT r.contact_id FROM r
        WHERE (SELECT COUNT(*) FROM contact_tags k WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id) > r.number";
    let row = |(contact, number): &(ContactId, i64)| (tenant.uuid(), contact.uuid(), *number);
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}

/// Moves the tags of a merged contact to the other one.
pub(crate) async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const MOVE: &str = "
        UPDATE contact_tags SET contact_id = $3
        WHERE tenant_id = $1 AND contact_id = $2
            AND tag_id NOT IN (SELECT tag_id FROM contact_tags WHERE tenant_id = $1 AND contact_id = $3)";
    const DELETE: &str = "DELETE FROM contact_tags WHERE tenant_id = $1 AND contact_id = $2";
    tx.sql(MOVE, (tenant, from, into)).run().await?;
    tx.sql(DELETE, (tenant, from)).run().await.map(drop)
}
