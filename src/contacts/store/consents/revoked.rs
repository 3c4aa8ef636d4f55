//! What contacts refuse.

use super::{ConsentKey, channel};
use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ConsentPurpose, ContactId, Id, TenantId},
};

/// Reads what contacts refuse, on each channel and on all.
pub(crate) async fn revoked(on: On<'_>, contacts: &[(TenantId, ContactId)]) -> Result<Vec<ConsentKey>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id) AS ({rows})
        SELECT k.tenant_id, k.contact_id, k.purpose, k.channel_id
        FROM r CROSS JOIN contact_consents k
        WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id AND k.status = 'revoked'";
    let row = |(tenant, contact): &(TenantId, ContactId)| (tenant.uuid(), contact.uuid());
    let found: Vec<(TenantId, ContactId, ConsentPurpose, ChannelId)> =
        Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await?;
    let key = |(tenant, contact, purpose, stored)| ConsentKey {
        tenant,
        contact,
        purpose,
        channel: channel(stored),
    };
    Ok(found.into_iter().map(key).collect())
}

/// Returns those of the contacts who stopped marketing in WhatsApp's settings.
pub(crate) async fn marketing_stopped(
    on: On<'_>,
    contacts: &[(TenantId, ContactId)],
) -> Result<Vec<(TenantId, ContactId)>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.tenant_id, c.id FROM r CROSS JOIN contacts c
        WHERE c.tenant_id = r.tenant_id AND c.id = r.id AND c.marketing_stopped";
    let row = |(tenant, contact): &(TenantId, ContactId)| (tenant.uuid(), contact.uuid());
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}
