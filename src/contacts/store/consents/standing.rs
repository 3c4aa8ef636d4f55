//! Who may be sent marketing.

use std::collections::HashSet;

use uuid::Uuid;

use crate::{
    contacts::consent::{SendCategory, Standing, may},
    db::{On, Result, Rows},
    domain::{ChannelId, ContactId, Id, TenantId},
};

/// A contact on a channel.
pub(crate) type ContactOnChannel = (TenantId, ContactId, ChannelId);

#[derive(sqlx::FromRow)]
struct StandingRow {
    contact_id: ContactId,
    channel_id: ChannelId,
    stopped: bool,
    consent: Option<i64>,
    opt_in: Option<bool>,
}

/// Returns those of the contacts who may not be sent marketing on the channel.
pub(crate) async fn refusing_marketing(
    on: On<'_>,
    pairs: &[ContactOnChannel],
) -> Result<HashSet<(ContactId, ChannelId)>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, channel_id, every) AS ({rows})
        SELECT r.contact_id, r.channel_id,
            COALESCE((SELECT c.marketing_stopped FROM contacts c WHERE c.tenant_id = r.tenant_id AND c.id = r.contact_id), FALSE) AS stopped,
            (SELECT CAST(MAX(CASE WHEN k.status = 'granted' THEN 1 WHEN k.purpose = 'marketing' THEN 2 ELSE 3 END) AS BIGINT) FROM contact_consents k
                WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id AND k.channel_id IN (r.channel_id, r.every)) AS consent,
            (SELECT t.require_opt_in FROM tenants t WHERE t.id = r.tenant_id) AS opt_in
        FROM r";
    let row =
        |(tenant, contact, channel): &ContactOnChannel| (tenant.uuid(), contact.uuid(), channel.uuid(), Uuid::nil());
    let found: Vec<StandingRow> = Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await?;
    let refuses = |it: &StandingRow| {
        let standing = Standing::of_number(it.consent);
        !may(
            standing,
            it.stopped,
            it.opt_in.unwrap_or(false),
            SendCategory::Marketing,
        )
    };
    Ok(found
        .into_iter()
        .filter(refuses)
        .map(|it| (it.contact_id, it.channel_id))
        .collect())
}

/// Returns those of the contacts of whom no grant of marketing is known on the channel.
pub(crate) async fn without_opt_in(on: On<'_>, pairs: &[ContactOnChannel]) -> Result<HashSet<ContactId>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id, channel_id, every) AS ({rows})
        SELECT r.contact_id FROM r
        WHERE NOT EXISTS (SELECT 1 FROM contact_consents k
            WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id AND k.channel_id IN (r.channel_id, r.every)
                AND k.status = 'granted')";
    if pairs.is_empty() {
        return Ok(HashSet::new());
    }
    let row =
        |(tenant, contact, channel): &ContactOnChannel| (tenant.uuid(), contact.uuid(), channel.uuid(), Uuid::nil());
    let found: Vec<(ContactId,)> = Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().map(|(contact,)| contact).collect())
}
