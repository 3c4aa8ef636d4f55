//! Rows of campaigns: the people whom files name for a campaign, with the values that the file has for each.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, CampaignStatus, ContactId, Id, ImportId, TenantId},
    records::{contacts::ContactMerge, lock_order::Stage},
};

/// A row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CampaignRow {
    pub contact: ContactId,
    /// JSON: values by the headings of their columns.
    pub params: Option<String>,
}

/// What is known of the rows of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CampaignRows {
    pub count: i64,
    /// Headings of the columns that variables may name.
    pub columns: Vec<String>,
    /// The import that came last.
    pub import: Option<ImportId>,
}

/// The campaign of an import is no draft any more: the step is to be rolled back.
#[derive(Debug, thiserror::Error)]
#[error("the campaign of the import is no draft")]
struct NoDraft;

/// Returns the error of a step whose campaign is no draft.
fn no_draft() -> sqlx::Error {
    sqlx::Error::AnyDriverError(Box::new(NoDraft))
}

/// Returns whether a step failed because its campaign is no draft.
pub(crate) fn is_no_draft(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::AnyDriverError(cause) if cause.is::<NoDraft>())
}

/// Locks a draft whose rows are to be changed until the end of the transaction. Fails where it is none, and the transaction is to be rolled
/// back.
pub(crate) async fn lock_draft(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<()> {
    const SQLITE: &str = "SELECT status FROM campaigns WHERE tenant_id = $1 AND id = $2";
    const POSTGRES: &str = "SELECT status FROM campaigns WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    Stage::Campaigns.reach(tx);
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let found: Option<(CampaignStatus,)> = tx.sql(sql, (tenant, id)).opt().await?;
    match found {
        Some((CampaignStatus::Draft,)) => Ok(()),
        _ => Err(no_draft()),
    }
}

/// Notes the import that rows come from. The caller has locked the draft.
pub(crate) async fn note_import(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    import: ImportId,
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        UPDATE campaigns SET rows_import_id = $3, version = version + 1, updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, import, now)).run().await.map(drop)
}

/// Writes rows, each of another contact, in place of those that the contacts have, and adds up their number and columns. The caller has
/// locked the draft.
pub(crate) async fn put_rows(
    tx: &mut Tx,
    (tenant, id): (TenantId, CampaignId),
    rows: &[CampaignRow],
    columns: &[String],
) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, contact_id, params) AS ({rows})
        INSERT INTO campaign_rows (tenant_id, campaign_id, contact_id, params)
        SELECT tenant_id, campaign_id, contact_id, params FROM r
        WHERE true
        ON CONFLICT (tenant_id, campaign_id, contact_id) DO UPDATE SET params = excluded.params";
    const NOTE: &str = "
        UPDATE campaigns SET rows_count = rows_count + $3, rows_columns = $4 WHERE tenant_id = $1 AND id = $2";
    if rows.is_empty() {
        return Ok(());
    }
    let contacts: Vec<ContactId> = rows.iter().map(|it| it.contact).collect();
    let there = rows_of(tx.on(), (tenant, id), &contacts).await?.len();
    let row = |it: &CampaignRow| (tenant.uuid(), id.uuid(), it.contact.uuid(), it.params.clone());
    Rows::new(SQL, rows.iter().map(row).collect()).run(tx.on()).await?;
    let mut known = find_rows(tx.on(), tenant, id).await?.columns;
    for column in columns {
        if !known.contains(column) {
            known.push(column.clone());
        }
    }
    let known = serde_json::to_string(&known).expect("texts always serialise");
    let added = (rows.len() - there) as i64;
    tx.sql(NOTE, (tenant, id, added, known)).run().await.map(drop)
}

/// Returns what is known of the rows of a campaign.
pub(crate) async fn find_rows(on: On<'_>, tenant: TenantId, id: CampaignId) -> Result<CampaignRows> {
    const SQL: &str = "
        SELECT rows_count, rows_columns, rows_import_id FROM campaigns WHERE tenant_id = $1 AND id = $2";
    let found: Option<(i64, Option<String>, Option<ImportId>)> = on.sql(SQL, (tenant, id)).opt().await?;
    let Some((count, columns, import)) = found else {
        return Ok(CampaignRows::default());
    };
    let columns = columns.and_then(|text| serde_json::from_str(&text).ok());
    Ok(CampaignRows {
        count,
        columns: columns.unwrap_or_default(),
        import,
    })
}

/// Returns the rows of contacts: their values, as JSON. Who has none is left out.
pub(crate) async fn rows_of(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, Option<String>>> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, contact_id) AS ({rows})
        SELECT k.contact_id, k.params FROM r CROSS JOIN campaign_rows k
        WHERE k.tenant_id = r.tenant_id AND k.campaign_id = r.campaign_id AND k.contact_id = r.contact_id";
    if contacts.is_empty() {
        return Ok(HashMap::new());
    }
    let row = |contact: &ContactId| (tenant.uuid(), id.uuid(), contact.uuid());
    let found: Vec<(ContactId, Option<String>)> = Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().collect())
}

/// Returns the contacts of a campaign's rows before one, newest first.
pub(crate) async fn rows_before(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    before: ContactId,
    limit: i64,
) -> Result<Vec<ContactId>> {
    const SQL: &str = "
        SELECT contact_id FROM campaign_rows WHERE tenant_id = $1 AND campaign_id = $2 AND contact_id < $3
        ORDER BY contact_id DESC LIMIT $4";
    let found: Vec<(ContactId,)> = on.sql(SQL, (tenant, id, before, limit)).all().await?;
    Ok(found.into_iter().map(|(contact,)| contact).collect())
}

/// Removes rows of a campaign that has ended, up to `limit`, and returns how many.
pub(crate) async fn forget_rows(on: On<'_>, (tenant, id): (TenantId, CampaignId), limit: i64) -> Result<u64> {
    on.sql(SOME_ROWS, (tenant, id, limit)).run().await
}

const SOME_ROWS: &str = "
    DELETE FROM campaign_rows WHERE tenant_id = $1 AND campaign_id = $2 AND contact_id IN (
        SELECT contact_id FROM campaign_rows WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY contact_id LIMIT $3)";

/// Removes rows of a campaign, some at a time, and returns how many; with the last of them, what else is known of them. The caller has
/// locked the draft.
pub(crate) async fn remove_rows(tx: &mut Tx, tenant: TenantId, id: CampaignId, now: DateTime<Utc>) -> Result<u64> {
    const SOME: &str = "
        UPDATE campaigns SET rows_count = rows_count - $3, version = version + 1, updated_at = $4
        WHERE tenant_id = $1 AND id = $2";
    const ALL: &str = "
        UPDATE campaigns SET rows_count = 0, rows_columns = NULL, rows_import_id = NULL, version = version + 1, updated_at = $3
        WHERE tenant_id = $1 AND id = $2";
    let removed = tx.sql(SOME_ROWS, (tenant, id, REMOVED)).run().await?;
    if removed < REMOVED as u64 {
        tx.sql(ALL, (tenant, id, now)).run().await?;
    } else {
        tx.sql(SOME, (tenant, id, REMOVED, now)).run().await?;
    }
    Ok(removed)
}

/// Rows that are removed by one transaction.
pub(crate) const REMOVED: i64 = 5_000;

/// Makes one row of two, where two contacts turn out to be one person: that of the contact that stays, else it gets the other's.
pub(crate) async fn merge_rows(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const COUNT: &str = "
        UPDATE campaigns SET rows_count = rows_count - 1
        WHERE tenant_id = $1 AND id IN (
            SELECT k.campaign_id FROM campaign_rows k
            WHERE k.contact_id = $2 AND k.tenant_id = $1 AND EXISTS (
                SELECT 1 FROM campaign_rows o
                WHERE o.contact_id = $3 AND o.campaign_id = k.campaign_id AND o.tenant_id = $1))";
    const REMOVE: &str = "
        DELETE FROM campaign_rows
        WHERE contact_id = $2 AND tenant_id = $1 AND EXISTS (
            SELECT 1 FROM campaign_rows o
            WHERE o.contact_id = $3 AND o.campaign_id = campaign_rows.campaign_id AND o.tenant_id = $1)";
    const MOVE: &str = "UPDATE campaign_rows SET contact_id = $3 WHERE contact_id = $2 AND tenant_id = $1";
    Stage::Campaigns.reach(tx);
    for sql in [COUNT, REMOVE, MOVE] {
        tx.sql(sql, (tenant, from, into)).run().await?;
    }
    Ok(())
}
