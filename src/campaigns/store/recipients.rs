//! Recipients of campaigns.

use std::collections::HashSet;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, ContactId, Id, RecipientKind, TenantId},
    records::contacts::ContactMerge,
};

/// A recipient to freeze.
#[derive(Clone, Debug)]
pub(crate) struct FrozenRecipient {
    pub wave: i64,
    pub n: i64,
    pub contact: ContactId,
    pub address: Option<(RecipientKind, String)>,
    /// JSON: the values of the template's variables.
    pub params: Option<String>,
    /// Why they are not written to.
    pub suppressed: Option<&'static str>,
}

/// A recipient as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct StoredRecipient {
    pub wave: i64,
    pub n: i64,
    pub contact_id: ContactId,
    pub kind: Option<RecipientKind>,
    pub address: Option<String>,
    pub params: Option<String>,
    /// `suppressed`, or nothing.
    pub outcome: Option<String>,
    pub reason: Option<String>,
}

macro_rules! columns {
    () => {
        "SELECT wave, n, contact_id, kind, address, params, outcome, reason FROM campaign_recipients "
    };
}

/// Returns those of the contacts that exist and are no recipients yet.
///
/// By two statements that each follow one index: of one with a subquery, a planner that knows the recipients as few makes a scan of them for
/// every contact.
pub(crate) async fn free(
    mut on: On<'_>,
    tenant: TenantId,
    campaign: CampaignId,
    contacts: &[ContactId],
) -> Result<HashSet<ContactId>> {
    const PRESENT: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.id FROM r CROSS JOIN contacts c WHERE c.tenant_id = r.tenant_id AND c.id = r.id";
    const TAKEN: &str = "
        WITH r (tenant_id, campaign_id, contact_id) AS ({rows})
        SELECT k.contact_id FROM r CROSS JOIN campaign_recipients k
        WHERE k.contact_id = r.contact_id AND k.campaign_id = r.campaign_id AND k.tenant_id = r.tenant_id";
    let present = |id: &ContactId| (tenant.uuid(), id.uuid());
    let present = Rows::new(PRESENT, contacts.iter().map(present).collect());
    let present: Vec<(ContactId,)> = present.all(on.reborrow()).await?;
    let taken = |id: &ContactId| (tenant.uuid(), campaign.uuid(), id.uuid());
    let taken: Vec<(ContactId,)> = Rows::new(TAKEN, contacts.iter().map(taken).collect()).all(on).await?;
    let mut free: HashSet<ContactId> = present.into_iter().map(|(id,)| id).collect();
    for (id,) in taken {
        free.remove(&id);
    }
    Ok(free)
}

/// Inserts recipients. One whose contact or ordinal is taken is an error.
pub(crate) async fn insert_recipients(
    on: On<'_>,
    tenant: TenantId,
    campaign: CampaignId,
    recipients: &[FrozenRecipient],
) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, n, contact_id, kind, address, params, outcome, reason) AS ({rows})
        INSERT INTO campaign_recipients (tenant_id, campaign_id, wave, n, contact_id, kind, address, params, outcome, reason)
        SELECT tenant_id, campaign_id, wave, n, contact_id, kind, address, params, outcome, reason FROM r";
    let row = |it: &FrozenRecipient| {
        let (kind, address) = it.address.clone().unzip();
        (
            tenant.uuid(),
            campaign.uuid(),
            it.wave,
            it.n,
            it.contact.uuid(),
            kind.map(|kind| kind.as_str().to_owned()),
            address,
            it.params.clone(),
            it.suppressed.map(|_| "suppressed".to_owned()),
            it.suppressed.map(str::to_owned),
        )
    };
    Rows::new(SQL, recipients.iter().map(row).collect())
        .run(on)
        .await
        .map(drop)
}

/// Returns the recipients of a wave from one ordinal up to another.
pub(crate) async fn page(
    on: On<'_>,
    (tenant, campaign, wave): (TenantId, CampaignId, i64),
    from: i64,
    to: i64,
) -> Result<Vec<StoredRecipient>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE tenant_id = $1 AND campaign_id = $2 AND wave = $3 AND n >= $4 AND n < $5 ORDER BY n"
    );
    on.sql(SQL, (tenant, campaign, wave, from, to)).all().await
}

/// Returns recipients after one, in the order of waves and ordinals.
pub(crate) async fn recipients_after(
    on: On<'_>,
    (tenant, campaign): (TenantId, CampaignId),
    (wave, n): (i64, i64),
    limit: i64,
) -> Result<Vec<StoredRecipient>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE tenant_id = $1 AND campaign_id = $2 AND (wave, n) > ($3, $4) ORDER BY wave, n LIMIT $5"
    );
    on.sql(SQL, (tenant, campaign, wave, n, limit)).all().await
}

/// Notes that recipients of a wave are not written to, and why.
pub(crate) async fn suppress(
    on: On<'_>,
    (tenant, campaign, wave): (TenantId, CampaignId, i64),
    refused: &[(i64, &'static str)],
) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, n, reason) AS ({rows})
        UPDATE campaign_recipients SET outcome = 'suppressed', reason = r.reason
        FROM r
        WHERE campaign_recipients.tenant_id = r.tenant_id AND campaign_recipients.campaign_id = r.campaign_id
            AND campaign_recipients.wave = r.wave AND campaign_recipients.n = r.n";
    let row = |(n, reason): &(i64, &'static str)| (tenant.uuid(), campaign.uuid(), wave, *n, (*reason).to_owned());
    Rows::new(SQL, refused.iter().map(row).collect())
        .run(on)
        .await
        .map(drop)
}

/// Makes one recipient of two, where two contacts turn out to be one person. The caller holds the tenant's exclusive lock, which freeze and
/// pages share.
///
/// 1. Who became a message already stays as they are. Who did not, while the other did, is suppressed; of two who did not, the one that goes.
/// 2. A recipient of a campaign that the other contact is not in becomes one of the other contact.
pub(crate) async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const SUPPRESS_FROM: &str = "
        UPDATE campaign_recipients SET outcome = 'suppressed', reason = 'merged'
        WHERE tenant_id = $1 AND contact_id = $2 AND outcome IS NULL
            AND n >= (SELECT w.cursor FROM campaign_waves w WHERE w.tenant_id = campaign_recipients.tenant_id
                AND w.campaign_id = campaign_recipients.campaign_id AND w.wave = campaign_recipients.wave)
            AND EXISTS (SELECT 1 FROM campaign_recipients o
                WHERE o.contact_id = $3 AND o.campaign_id = campaign_recipients.campaign_id AND o.tenant_id = $1)";
    // The other one has become a message if nothing suppressed it above.
    const SUPPRESS_INTO: &str = "
        UPDATE campaign_recipients SET outcome = 'suppressed', reason = 'merged'
        WHERE tenant_id = $1 AND contact_id = $3 AND outcome IS NULL
            AND n >= (SELECT w.cursor FROM campaign_waves w WHERE w.tenant_id = campaign_recipients.tenant_id
                AND w.campaign_id = campaign_recipients.campaign_id AND w.wave = campaign_recipients.wave)
            AND EXISTS (SELECT 1 FROM campaign_recipients o
                WHERE o.contact_id = $2 AND o.campaign_id = campaign_recipients.campaign_id AND o.tenant_id = $1
                    AND o.outcome IS NULL)";
    const NOTE: &str = "
        UPDATE campaign_recipients SET merged_into = $3
        WHERE tenant_id = $1 AND contact_id = $2 AND EXISTS (
            SELECT 1 FROM campaign_recipients o
            WHERE o.contact_id = $3 AND o.campaign_id = campaign_recipients.campaign_id AND o.tenant_id = $1)";
    const MOVE: &str = "
        UPDATE campaign_recipients SET contact_id = $3
        WHERE tenant_id = $1 AND contact_id = $2 AND merged_into IS NULL";
    for sql in [SUPPRESS_FROM, SUPPRESS_INTO, NOTE, MOVE] {
        tx.sql(sql, (tenant, from, into)).run().await?;
    }
    Ok(())
}
