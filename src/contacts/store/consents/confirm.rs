//! When a consent was confirmed to the contact.

use chrono::{DateTime, Utc};

use super::{ConsentKey, channel};
use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ConsentPurpose, ConsentStatus, ContactId, TenantId},
};

/// Records that states are confirmed to their contacts now, and returns which: those that are as named and were not confirmed after `since`.
pub(crate) async fn confirm(
    on: On<'_>,
    states: &[(ConsentKey, ConsentStatus)],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<(ConsentKey, ConsentStatus)>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, purpose, channel_id, status, since, now) AS ({rows})
        UPDATE contact_consents SET confirmed_at = r.now
        FROM r
        WHERE contact_consents.tenant_id = r.tenant_id AND contact_consents.contact_id = r.contact_id
            AND contact_consents.purpose = r.purpose AND contact_consents.channel_id = r.channel_id
            AND contact_consents.status = r.status
            AND (contact_consents.confirmed_at IS NULL OR contact_consents.confirmed_at <= r.since)
        RETURNING contact_consents.tenant_id, contact_consents.contact_id, contact_consents.purpose, contact_consents.channel_id,
            contact_consents.status";
    let row = |(key, status): &(ConsentKey, ConsentStatus)| {
        let (tenant, contact, purpose, channel) = key.row();
        (
            tenant,
            contact,
            purpose,
            channel,
            status.as_str().to_owned(),
            since,
            now,
        )
    };
    type Confirmed = (TenantId, ContactId, ConsentPurpose, ChannelId, ConsentStatus);
    let confirmed: Vec<Confirmed> = Rows::new(SQL, states.iter().map(row).collect()).all(on).await?;
    let state = |(tenant, contact, purpose, stored, status): Confirmed| {
        let key = ConsentKey {
            tenant,
            contact,
            purpose,
            channel: channel(stored),
        };
        (key, status)
    };
    Ok(confirmed.into_iter().map(state).collect())
}
