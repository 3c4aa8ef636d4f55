use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{Id, TemplateId, TenantId},
};

/// A template as Meta has just shown it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Taken if the template is new here.
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

/// Keeps what Meta showed of an account's templates when it was asked at `at`. What a webhook has told since then stays, unless it was
/// of a template that has been made anew.
pub async fn keep(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    waba_id: &str,
    fetched: &[Fetched],
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
    let row = |it: &Fetched| {
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

/// Marks as deleted what Meta did not show when it was asked at `at`; tells which.
pub async fn gone(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    waba_id: &str,
    at: DateTime<Utc>,
) -> Result<Vec<(TemplateId,)>> {
    const SQL: &str = "
        UPDATE templates SET status = 'DELETED', status_detail = NULL, status_at = $3, updated_at = $3
        WHERE tenant_id = $1 AND waba_id = $2 AND synced_at < $3 AND status_at <= $3 AND status <> 'DELETED'
        RETURNING id";
    on.into().sql(SQL, (tenant, waba_id.to_owned(), at)).all().await
}

/// Puts a template into a status that our own call to Meta has brought about.
pub async fn mark(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    id: TemplateId,
    status: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE templates SET status = $3, status_detail = NULL, status_at = $4, updated_at = $4
        WHERE tenant_id = $1 AND id = $2";
    on.into().sql(SQL, (tenant, id, status.to_owned(), at)).run().await
}

/// Which template a webhook speaks of: Meta's id where it is given, else the name and the language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whose {
    pub tenant: TenantId,
    pub waba_id: String,
    pub meta_id: String,
    pub name: String,
    /// In lower case, with underscores: Meta writes `en_US` and `en-US`.
    pub language: String,
}

macro_rules! told {
    ($set:literal) => {
        concat!(
            "UPDATE templates SET ",
            $set,
            " WHERE tenant_id = $1 AND waba_id = $2 AND status_at <= $6 AND (meta_id = $3 OR ($3 = '' AND name = $4 \
             AND LOWER(REPLACE(language, '-', '_')) = $5))"
        )
    };
}

/// A status as a webhook tells it.
#[derive(Clone, Debug)]
pub struct Told {
    pub status: String,
    pub category: Option<String>,
    /// A sentence.
    pub detail: Option<String>,
    /// A code such as `INVALID_FORMAT`.
    pub rejected_reason: Option<String>,
}

pub async fn set_status(on: impl Into<On<'_>>, whose: Whose, told: Told, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = told!(
        "status = $7, category = COALESCE($8, category), status_detail = $9, rejected_reason = $10, status_at = $6, \
         updated_at = $6"
    );
    let w = whose;
    let args = (
        w.tenant,
        w.waba_id,
        w.meta_id,
        w.name,
        w.language,
        at,
        told.status,
        told.category,
        told.detail,
        told.rejected_reason,
    );
    on.into().sql(SQL, args).run().await
}

pub async fn set_quality(on: impl Into<On<'_>>, whose: Whose, quality: String, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = told!("quality = $7, updated_at = $6");
    let w = whose;
    let args = (w.tenant, w.waba_id, w.meta_id, w.name, w.language, at, quality);
    on.into().sql(SQL, args).run().await
}

/// Meta has moved a template into another category.
pub async fn set_category(on: impl Into<On<'_>>, whose: Whose, category: String, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = told!(
        "previous_category = category, category = $7, announced_category = NULL, announced_category_at = NULL, \
         updated_at = $6"
    );
    let w = whose;
    let args = (w.tenant, w.waba_id, w.meta_id, w.name, w.language, at, category);
    on.into().sql(SQL, args).run().await
}

/// Meta will move a template into another category, a day later usually.
pub async fn announce_category(
    on: impl Into<On<'_>>,
    whose: Whose,
    category: String,
    effective: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = told!("announced_category = $7, announced_category_at = $8, updated_at = $6");
    let w = whose;
    let args = (
        w.tenant, w.waba_id, w.meta_id, w.name, w.language, at, category, effective,
    );
    on.into().sql(SQL, args).run().await
}
