//! Writes templates, from syncs, from webhooks and after our own requests.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{Id, TemplateId, TenantId},
};

/// A template fetched from Meta.
#[derive(Clone, Debug)]
pub struct FetchedTemplate {
    /// Id for the row if it is new.
    pub id: TemplateId,
    pub meta_id: String,
    pub name: String,
    pub language: String,
    pub status: String,
    pub category: Option<String>,
    pub previous_category: Option<String>,
    pub quality: Option<String>,
    pub parameter_format: Option<String>,
    /// JSON.
    pub components: String,
    pub rejected_reason: Option<String>,
    pub ttl_seconds: Option<i64>,
}

/// Upserts templates fetched from an account at `at`. Newer values from webhooks win, unless the template was recreated under another id of
/// Meta's.
pub async fn upsert(
    on: On<'_>,
    tenant: TenantId,
    waba_id: &str,
    fetched: &[FetchedTemplate],
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, tenant_id, waba_id, meta_id, name, language, status, category, previous_category, quality, parameter_format,
            components, rejected_reason, ttl_seconds, at) AS ({rows})
        INSERT INTO templates (id, tenant_id, waba_id, meta_id, name, language, status, category, previous_category, quality,
            parameter_format, components, rejected_reason, ttl_seconds, status_at, created_at, updated_at, synced_at)
        SELECT id, tenant_id, waba_id, meta_id, name, language, status, category, previous_category, quality, parameter_format,
            components, rejected_reason, ttl_seconds, at, at, at, at
        FROM r
        WHERE true
        ON CONFLICT (tenant_id, waba_id, name, language) DO UPDATE
        SET meta_id = excluded.meta_id,
            status_detail = CASE WHEN templates.meta_id = excluded.meta_id AND (templates.status_at > excluded.status_at
                OR templates.status = excluded.status) THEN templates.status_detail END,
            status = CASE WHEN templates.meta_id = excluded.meta_id AND templates.status_at > excluded.status_at
                THEN templates.status ELSE excluded.status END,
            category = CASE WHEN templates.meta_id = excluded.meta_id AND templates.status_at > excluded.status_at
                THEN templates.category ELSE COALESCE(excluded.category, templates.category) END,
            quality = CASE WHEN templates.meta_id = excluded.meta_id AND templates.status_at > excluded.status_at
                THEN templates.quality ELSE COALESCE(excluded.quality, templates.quality) END,
            status_at = CASE WHEN templates.meta_id = excluded.meta_id AND templates.status_at > excluded.status_at
                THEN templates.status_at ELSE excluded.status_at END,
            previous_category = COALESCE(excluded.previous_category, templates.previous_category),
            announced_category = NULLIF(templates.announced_category, excluded.category),
            parameter_format = excluded.parameter_format, components = excluded.components,
            rejected_reason = excluded.rejected_reason, ttl_seconds = excluded.ttl_seconds,
            updated_at = CASE WHEN templates.components = excluded.components AND templates.status = excluded.status
                AND templates.meta_id = excluded.meta_id THEN templates.updated_at ELSE excluded.updated_at END,
            synced_at = excluded.synced_at";
    let row = |it: &FetchedTemplate| {
        let it = it.clone();
        (
            it.id.uuid(),
            tenant.uuid(),
            waba_id.to_owned(),
            it.meta_id,
            it.name,
            it.language,
            it.status,
            it.category,
            it.previous_category,
            it.quality,
            it.parameter_format,
            it.components,
            it.rejected_reason,
            it.ttl_seconds,
            at,
        )
    };
    Rows::new(SQL, fetched.iter().map(row).collect()).run(on).await
}

/// Marks templates as deleted that a fetch at `at` did not return. Returns their ids.
pub async fn mark_missing_deleted(
    on: On<'_>,
    tenant: TenantId,
    waba_id: &str,
    at: DateTime<Utc>,
) -> Result<Vec<(TemplateId,)>> {
    const SQL: &str = "
        UPDATE templates SET status = 'DELETED', status_detail = NULL, status_at = $3, updated_at = $3
        WHERE tenant_id = $1 AND waba_id = $2 AND synced_at < $3 AND status_at <= $3 AND status <> 'DELETED'
        RETURNING id";
    on.sql(SQL, (tenant, waba_id.to_owned(), at)).all().await
}

/// Sets the status that resulted from our own request to Meta.
pub(crate) async fn mark_status(
    on: On<'_>,
    tenant: TenantId,
    id: TemplateId,
    status: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE templates SET status = $3, status_detail = NULL, status_at = $4, updated_at = $4
        WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, status.to_owned(), at)).run().await
}

/// Template named by a webhook: by Meta's id if given, otherwise by name and language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateKey {
    pub tenant: TenantId,
    pub waba_id: String,
    pub meta_id: String,
    pub name: String,
    /// In lower case, with underscores: Meta writes `en_US` and `en-US`.
    pub language: String,
}

macro_rules! update_matching {
    ($set:literal) => {
        concat!(
            "UPDATE templates SET ",
            $set,
            " WHERE tenant_id = $1 AND waba_id = $2 AND status_at <= $6 AND (meta_id = $3 OR ($3 = '' AND name = $4 \
             AND LOWER(REPLACE(language, '-', '_')) = $5))"
        )
    };
}

/// Status reported by a webhook.
#[derive(Clone, Debug)]
pub(crate) struct TemplateStatusUpdate {
    pub status: String,
    pub category: Option<String>,
    /// Explanation for people.
    pub detail: Option<String>,
    /// A code such as `INVALID_FORMAT`.
    pub rejected_reason: Option<String>,
}

pub(crate) async fn set_status(
    on: On<'_>,
    key: TemplateKey,
    update: TemplateStatusUpdate,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = update_matching!(
        "status = $7, category = COALESCE($8, category), status_detail = $9, rejected_reason = $10, status_at = $6, \
         updated_at = $6"
    );
    let args = (
        key.tenant,
        key.waba_id,
        key.meta_id,
        key.name,
        key.language,
        at,
        update.status,
        update.category,
        update.detail,
        update.rejected_reason,
    );
    on.sql(SQL, args).run().await
}

pub(crate) async fn set_quality(on: On<'_>, key: TemplateKey, quality: String, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = update_matching!("quality = $7, updated_at = $6");
    let args = (
        key.tenant,
        key.waba_id,
        key.meta_id,
        key.name,
        key.language,
        at,
        quality,
    );
    on.sql(SQL, args).run().await
}

/// Moves a template into another category, as reported by Meta.
pub(crate) async fn set_category(on: On<'_>, key: TemplateKey, category: String, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = update_matching!(
        "previous_category = category, category = $7, announced_category = NULL, announced_category_at = NULL, \
         updated_at = $6"
    );
    let args = (
        key.tenant,
        key.waba_id,
        key.meta_id,
        key.name,
        key.language,
        at,
        category,
    );
    on.sql(SQL, args).run().await
}

/// Stores an announced category, which usually takes effect a day later.
pub(crate) async fn announce_category(
    on: On<'_>,
    key: TemplateKey,
    category: String,
    effective: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = update_matching!("announced_category = $7, announced_category_at = $8, updated_at = $6");
    let args = (
        key.tenant,
        key.waba_id,
        key.meta_id,
        key.name,
        key.language,
        at,
        category,
        effective,
    );
    on.sql(SQL, args).run().await
}
