//! What imports read and write of contacts, a chunk of rows at a time, and the errors of their rows.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, On, Result, Rows},
    domain::{ContactId, Id, ImportId, TenantId},
    records::contacts::{Identity, Profile},
};

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

/// Has PostgreSQL look at the tables that an import writes, so that it plans with their sizes. SQLite plans without.
pub(crate) async fn analyze(db: &Db) {
    const SQL: &str = "ANALYZE contacts, contact_identities, contact_tags, contact_consents, consents";
    if db.is_postgres()
        && let Err(error) = db.sql(SQL, ()).run().await
    {
        tracing::debug!(%error, "PostgreSQL did not look at the tables of contacts");
    }
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
