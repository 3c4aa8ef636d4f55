//! Effects of Meta's error codes on contacts.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ContactId, Id, TenantId},
};

/// A contact who refuses marketing messages, as of Meta's time.
#[derive(Clone, Debug)]
pub(crate) struct MarketingRefusal {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub at: DateTime<Utc>,
}

/// Records refusals of marketing unless something later is known. Returns the contacts that changed.
pub(crate) async fn stop_marketing(
    on: On<'_>,
    refused: &[MarketingRefusal],
    now: DateTime<Utc>,
) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, id, at, now) AS ({rows})
        UPDATE contacts SET marketing_stopped = TRUE, marketing_at = r.at, updated_at = r.now
        FROM r
        WHERE contacts.tenant_id = r.tenant_id AND contacts.id = r.id AND NOT contacts.marketing_stopped
            AND (contacts.marketing_at IS NULL OR contacts.marketing_at < r.at)
        RETURNING contacts.id";
    let row = |it: &MarketingRefusal| (it.tenant.uuid(), it.contact.uuid(), it.at, now);
    Rows::new(SQL, refused.iter().map(row).collect()).all(on).await
}

/// An identity that a message could not be delivered to.
#[derive(Clone, Debug)]
pub(crate) struct UndeliverableIdentity {
    pub tenant: TenantId,
    /// `phone`, `user_id` or `group`.
    pub kind: String,
    pub value: String,
    pub code: i64,
    pub count: i64,
    pub at: DateTime<Utc>,
}

/// Counts failed deliveries on identities. Each identity may occur once in the batch.
pub(crate) async fn mark_undeliverable(on: On<'_>, suspects: &[UndeliverableIdentity]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, kind, value, code, count, at) AS ({rows})
        UPDATE contact_identities
        SET undeliverable_at = r.at, undeliverable_code = r.code,
            undeliverable_count = contact_identities.undeliverable_count + r.count
        FROM r
        WHERE contact_identities.tenant_id = r.tenant_id AND contact_identities.kind = r.kind
            AND contact_identities.value = r.value";
    let row = |it: &UndeliverableIdentity| {
        (
            it.tenant.uuid(),
            it.kind.clone(),
            it.value.clone(),
            it.code,
            it.count,
            it.at,
        )
    };
    Rows::new(SQL, suspects.iter().map(row).collect()).run(on).await
}
