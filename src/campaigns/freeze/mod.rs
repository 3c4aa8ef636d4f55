//! The freeze: the audience of a campaign becomes recipients with ordinals, a window of contacts at a time.
//!
//! 1. On a reader, without locks: the contacts of the window that the filter selects, and what becomes of each ([`judge()`]).
//! 2. In one transaction: the cursor moves on, if it is where the window began; contacts that vanished or are recipients already are left out;
//!    the others get the next ordinals of their waves.
//!
//! So a window is frozen once and whole, however many workers begin it.

mod assign;
mod audience;
mod judge;

use assign::assign;
use audience::Window;
pub(super) use audience::next_window;
pub(super) use judge::{FreezeVerdict, JudgedContact, address, judge};

use uuid::Uuid;

use super::{
    CampaignService,
    error::CampaignResult,
    plan::CampaignPlan,
    retries::claimed_contacts,
    store::{self, Freeze, StoredCampaign},
};
use crate::{
    contacts::store::segments::Scan,
    db::{Result, Tx, retry_conflicts},
    domain::{ContactId, Id},
    records::{contacts, lock_order::Stage},
};

/// Freezes the next window of a running campaign. Returns whether it did: another worker may have, or the campaign is not running any more.
pub(super) async fn freeze_window(
    service: &CampaignService,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
) -> CampaignResult<bool> {
    let tenant = campaign.tenant_id;
    let mut tx = service.db.begin_read_as(tenant).await?;
    let now = service.clock.now();
    let window = next_window(&mut tx, campaign, plan, now).await?;
    let judged = judge(&mut tx, tenant, plan, &window.contacts, now).await?;
    tx.commit().await?;
    let write = || {
        service.db.transaction_as(tenant, async |tx: &mut Tx| {
            write(service, tx, campaign, &window, &judged).await
        })
    };
    Ok(retry_conflicts(write).await?)
}

async fn write(
    service: &CampaignService,
    tx: &mut Tx,
    campaign: &StoredCampaign,
    window: &Window,
    judged: &[JudgedContact],
) -> Result<bool> {
    let id = (campaign.tenant_id, campaign.id);
    contacts::lock_tenants(tx, [campaign.tenant_id]).await?;
    Stage::Campaigns.reach(tx);
    let freeze = Freeze {
        from: campaign.freeze_cursor,
        to: window.rest,
    };
    if !store::advance_freeze(tx.on(), id, freeze, service.clock.now()).await? {
        return Ok(false);
    }
    let Some(parent) = campaign.parent_id else {
        assign(tx, campaign, judged).await?;
        return Ok(true);
    };
    let keys: Vec<(i64, i64)> = window.retried.values().flatten().copied().collect();
    let claimed = store::claim(tx, (campaign.tenant_id, parent), &keys, campaign.id).await?;
    let contacts = claimed_contacts(&window.retried, &claimed);
    let judged: Vec<JudgedContact> = judged
        .iter()
        .filter(|it| contacts.contains(&it.contact))
        .cloned()
        .collect();
    assign(tx, campaign, &judged).await?;
    Ok(true)
}

/// Returns the contacts before one, in the order of a freeze.
fn before(contacts: &[ContactId], bound: Option<Uuid>) -> impl Iterator<Item = ContactId> + use<'_> {
    contacts
        .iter()
        .copied()
        .filter(move |id| bound.is_none_or(|bound| id.uuid() < bound))
}

/// Contacts of a window, on PostgreSQL and on SQLite.
const WINDOW: [i64; 2] = [5_000, 1_000];

/// Begins the scan of the next window.
async fn scan(tx: &mut Tx, campaign: &StoredCampaign, plan: &CampaignPlan) -> Result<Option<Scan>> {
    let Some(filter) = &plan.filter else { return Ok(None) };
    let cursor = campaign
        .freeze_cursor
        .map(ContactId::from_uuid)
        .or(campaign.freeze_bound);
    let since = campaign.started_at.unwrap_or(campaign.created_at);
    let window = WINDOW[usize::from(!tx.is_postgres())];
    let scan = Scan::begin(tx, campaign.tenant_id, filter, cursor, since).await?;
    Ok(Some(scan.with_window(window)))
}
