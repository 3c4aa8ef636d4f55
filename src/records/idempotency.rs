//! Idempotency keys: the stored result of a request, replayed for the same key.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{Id, MessageId, TenantId},
};

/// Lifetime of a key.
pub(crate) const RETENTION: TimeDelta = TimeDelta::hours(24);

/// A request with a key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    pub tenant: TenantId,
    pub key: String,
    /// SHA-256 of the request.
    pub digest: [u8; 32],
    /// Id of the message that the first request creates; for other requests an id that identifies the request.
    pub message: MessageId,
}

/// The request that owns a key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeyOwner {
    pub tenant_id: TenantId,
    pub key: String,
    pub digest: Vec<u8>,
    pub message_id: MessageId,
}

/// Claims free keys. Returns the owner of each key: this request or an earlier one.
pub async fn claim(
    mut on: On<'_>,
    keyed: &[KeyedRequest],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<KeyOwner>> {
    const FORGET: &str = "
        WITH r (tenant_id, key, since) AS ({rows})
        DELETE FROM idempotency_keys
        WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM r) AND created_at < (SELECT MAX(since) FROM r)";
    const TAKE: &str = "
        WITH r (tenant_id, key, digest, message_id, at) AS ({rows})
        INSERT INTO idempotency_keys (tenant_id, key, digest, message_id, created_at)
        SELECT tenant_id, key, digest, message_id, at FROM r
        WHERE true
        ON CONFLICT DO NOTHING";
    const LOOK: &str = "
        WITH r (tenant_id, key) AS ({rows})
        SELECT k.tenant_id, k.key, k.digest, k.message_id
        FROM r CROSS JOIN idempotency_keys k
        WHERE k.tenant_id = r.tenant_id AND k.key = r.key";
    if keyed.is_empty() {
        return Ok(Vec::new());
    }
    let old = keyed.iter().map(|it| (it.tenant.uuid(), it.key.clone(), since));
    Rows::new(FORGET, old.collect()).run(on.reborrow()).await?;
    let taken = |it: &KeyedRequest| {
        (
            it.tenant.uuid(),
            it.key.clone(),
            it.digest.to_vec(),
            it.message.uuid(),
            now,
        )
    };
    Rows::new(TAKE, keyed.iter().map(taken).collect())
        .run(on.reborrow())
        .await?;
    let asked = keyed.iter().map(|it| (it.tenant.uuid(), it.key.clone()));
    Rows::new(LOOK, asked.collect()).all(on).await
}

/// Restarts the lifetime of a key at the given time. Returns 0 if another request owns it.
pub async fn renew(on: On<'_>, keyed: &KeyedRequest, at: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE idempotency_keys SET created_at = $4 WHERE tenant_id = $1 AND key = $2 AND digest = $3";
    let args = (keyed.tenant, keyed.key.clone(), keyed.digest.to_vec(), at);
    on.sql(SQL, args).run().await
}

/// Finds the owner of a key.
pub async fn find(on: On<'_>, tenant: TenantId, key: String, since: DateTime<Utc>) -> Result<Option<KeyOwner>> {
    const SQL: &str = "
        SELECT tenant_id, key, digest, message_id FROM idempotency_keys
        WHERE tenant_id = $1 AND key = $2 AND created_at >= $3";
    on.sql(SQL, (tenant, key, since)).opt().await
}

/// The stored answer to a request that created no message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StoredAnswer {
    pub created_at: DateTime<Utc>,
    /// HTTP status; `None` while the request is in progress.
    pub http_status: Option<i64>,
    /// Sealed under the master key.
    pub answer: Option<Vec<u8>>,
}

/// Stores the answer to a request if it still owns the key.
pub(crate) async fn store_answer(on: On<'_>, keyed: &KeyedRequest, status: i64, sealed: Vec<u8>) -> Result<u64> {
    const SQL: &str = "
        UPDATE idempotency_keys SET http_status = $4, answer = $5 WHERE tenant_id = $1 AND key = $2 AND message_id = $3";
    let args = (keyed.tenant, keyed.key.clone(), keyed.message, status, sealed);
    on.sql(SQL, args).run().await
}

/// Finds the stored answer of a key.
pub(crate) async fn find_answer(on: On<'_>, tenant: TenantId, key: String) -> Result<Option<StoredAnswer>> {
    const SQL: &str = "SELECT created_at, http_status, answer FROM idempotency_keys WHERE tenant_id = $1 AND key = $2";
    on.sql(SQL, (tenant, key)).opt().await
}

/// Returns the sealing purpose of an answer.
pub(crate) fn answer_purpose(tenant: TenantId, key: &str) -> String {
    format!("answer {tenant} {key}")
}

/// A stored answer, sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct SealedAnswer {
    pub tenant_id: TenantId,
    pub key: String,
    pub answer: Vec<u8>,
}

/// Lists stored answers in key order, starting after `after`.
pub(crate) async fn list_answers(
    on: On<'_>,
    after: Option<(TenantId, String)>,
    limit: i64,
) -> Result<Vec<SealedAnswer>> {
    const SQL: &str = "
        SELECT tenant_id, key, answer FROM idempotency_keys
        WHERE (tenant_id, key) > ($1, $2) AND answer IS NOT NULL
        ORDER BY tenant_id, key LIMIT $3";
    let (tenant, key) = after.unwrap_or((TenantId::from_uuid(uuid::Uuid::nil()), String::new()));
    on.sql(SQL, (tenant, key, limit)).all().await
}

/// Replaces a sealed answer with its resealed form. Returns 0 if it has changed since.
pub(crate) async fn reseal(on: On<'_>, was: SealedAnswer, sealed: Vec<u8>) -> Result<u64> {
    const SQL: &str = "UPDATE idempotency_keys SET answer = $4 WHERE tenant_id = $1 AND key = $2 AND answer = $3";
    let args = (was.tenant_id, was.key, was.answer, sealed);
    on.sql(SQL, args).run().await
}

/// Releases keys whose requests were rejected and created nothing.
pub async fn release(on: On<'_>, keys: &[(TenantId, String)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, key) AS ({rows})
        DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM r)";
    let row = |(tenant, key): &(TenantId, String)| (tenant.uuid(), key.clone());
    Rows::new(SQL, keys.iter().map(row).collect()).run(on).await
}

/// Deletes the oldest keys from before the given time. Returns how many.
pub(crate) async fn expire(on: On<'_>, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (
            SELECT tenant_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    on.sql(SQL, (before, limit)).run().await
}
