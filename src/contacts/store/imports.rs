//! What imports read and write of contacts, a chunk of rows at a time, and the errors of their rows.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{ContactId, FieldType, Id, ImportId, TagId, TagKind, TenantId},
    records::contacts::{Identity, Profile},
};

/// Returns the contacts with these ids of the tenant's own.
pub(crate) async fn by_external_id(on: On<'_>, tenant: TenantId, ids: &[&String]) -> Result<Vec<(String, ContactId)>> {
    const SQL: &str = "
        WITH r (tenant_id, external_id) AS ({rows})
        SELECT c.external_id, c.id FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.external_id = r.external_id";
    let row = |id: &&String| (tenant.uuid(), (*id).clone());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}

/// A contact that an import creates.
#[derive(Clone, Debug)]
pub(crate) struct ImportedContact {
    pub id: ContactId,
    pub profile: Profile,
    pub identities: Vec<Identity>,
}

/// Inserts contacts without their identities.
pub(crate) async fn insert(
    on: On<'_>,
    tenant: TenantId,
    contacts: &[ImportedContact],
    by: ImportId,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, given_name, external_id, language, country, time_zone, fields, by, now) AS ({rows})
        INSERT INTO contacts (tenant_id, id, kind, given_name, external_id, language, country, time_zone, fields, source, created_by,
            created_at, updated_at)
        SELECT tenant_id, id, 'person', given_name, external_id, language, country, time_zone, fields, 'import', by, now, now FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let by = by.to_string();
    let row = |it: &ImportedContact| {
        let of = &it.profile;
        (
            tenant.uuid(),
            it.id.uuid(),
            of.given_name.clone(),
            of.external_id.clone(),
            of.language.clone(),
            of.country.clone(),
            of.time_zone.clone(),
            of.fields.stored(),
            by.clone(),
            now,
        )
    };
    Rows::new(SQL, contacts.iter().map(row).collect()).run(on).await
}

/// Puts tags on contacts, and returns the contacts that did not have one of theirs before.
pub(crate) async fn tag(
    on: On<'_>,
    tenant: TenantId,
    tagged: &[(ContactId, TagId)],
    by: ImportId,
    now: DateTime<Utc>,
) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, tag_id, contact_id, now, by) AS ({rows})
        INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
        SELECT tenant_id, tag_id, contact_id, now, by FROM r
        WHERE true
        ON CONFLICT DO NOTHING
        RETURNING contact_id";
    let by = by.to_string();
    let row = |(contact, tag): &(ContactId, TagId)| (tenant.uuid(), tag.uuid(), contact.uuid(), now, by.clone());
    Rows::new(SQL, tagged.iter().map(row).collect()).all(on).await
}

/// A tag or list that an import needs.
#[derive(Clone, Debug)]
pub(crate) struct NeededTag {
    pub id: TagId,
    pub kind: TagKind,
    pub name: String,
    pub folded: String,
}

/// Inserts the tags that do not exist.
pub(crate) async fn ensure_tags(
    on: On<'_>,
    tenant: TenantId,
    tags: &[NeededTag],
    by: ImportId,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, kind, name, folded, now, by) AS ({rows})
        INSERT INTO tags (tenant_id, id, kind, name, folded, created_at, created_by)
        SELECT tenant_id, id, kind, name, folded, now, by FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    let by = by.to_string();
    let row = |it: &NeededTag| {
        let (name, folded) = (it.name.clone(), it.folded.clone());
        (
            tenant.uuid(),
            it.id.uuid(),
            it.kind.as_str().to_owned(),
            name,
            folded,
            now,
            by.clone(),
        )
    };
    Rows::new(SQL, tags.iter().map(row).collect()).run(on).await
}

/// Lists a tenant's tags and lists of contacts: kind, folded name, id.
pub(crate) async fn tags(on: On<'_>, tenant: TenantId) -> Result<Vec<(TagKind, String, TagId)>> {
    const SQL: &str = "SELECT kind, folded, id FROM tags WHERE tenant_id = $1 AND kind IN ('contact', 'list')";
    on.sql(SQL, (tenant,)).all().await
}

/// Lists the custom fields in use: key, type, and choices as JSON.
pub(crate) async fn fields(on: On<'_>, tenant: TenantId) -> Result<Vec<(String, FieldType, Option<String>)>> {
    const SQL: &str = "
        SELECT key, type, choices FROM contact_fields WHERE tenant_id = $1 AND archived_at IS NULL ORDER BY position, key";
    on.sql(SQL, (tenant,)).all().await
}

/// An error of a row as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct KeptError {
    pub file_row: i64,
    /// The number of the error in its row.
    pub number: i64,
    pub code: String,
    pub column_name: Option<String>,
    pub value: Option<String>,
}

/// Keeps errors of rows.
pub(crate) async fn keep_errors(on: On<'_>, tenant: TenantId, import: ImportId, errors: Vec<KeptError>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, task_id, file_row, number, code, column_name, value) AS ({rows})
        INSERT INTO import_errors (tenant_id, task_id, file_row, number, code, column_name, value)
        SELECT tenant_id, task_id, file_row, number, code, column_name, value FROM r";
    let row = |it: KeptError| {
        (
            tenant.uuid(),
            import.uuid(),
            it.file_row,
            it.number,
            it.code,
            it.column_name,
            it.value,
        )
    };
    Rows::new(SQL, errors.into_iter().map(row).collect()).run(on).await
}

/// Lists kept errors in the order of the file, after a row and number.
pub(crate) async fn errors(
    on: On<'_>,
    tenant: TenantId,
    import: ImportId,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<KeptError>> {
    const SQL: &str = "
        SELECT file_row, number, code, column_name, value FROM import_errors
        WHERE tenant_id = $1 AND task_id = $2 AND (file_row, number) > ($3, $4)
        ORDER BY file_row, number
        LIMIT $5";
    on.sql(SQL, (tenant, import, after.0, after.1, limit)).all().await
}

/// Removes the errors of an import, some at a time, and returns how many.
pub(crate) async fn remove_errors(on: On<'_>, tenant: TenantId, import: Uuid, limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM import_errors WHERE tenant_id = $1 AND task_id = $2 AND (file_row, number) IN (
            SELECT file_row, number FROM import_errors WHERE tenant_id = $1 AND task_id = $2
            ORDER BY file_row, number LIMIT $3)";
    on.sql(SQL, (tenant, import, limit)).run().await
}
