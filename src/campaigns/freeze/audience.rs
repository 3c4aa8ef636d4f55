//! The next window of an audience.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{WINDOW, before, scan};
use crate::{
    campaigns::{
        plan::CampaignPlan,
        retries::{RetriedContacts, messages_of},
        store::{self, StoredCampaign},
    },
    db::{Result, Tx},
    domain::{ContactId, Id},
    records::{
        campaigns,
        contacts::{self, Contact},
    },
};

/// Contacts that are read by one statement.
const CHUNK: usize = 1_000;
const PERSON: &str = "person";

/// The contacts of a window whom the audience takes in.
pub(in crate::campaigns) struct Window {
    pub contacts: Vec<Contact>,
    /// Where they are in the campaign that is followed up, if one is.
    pub retried: RetriedContacts,
    /// The id before which the freeze goes on; `None` at the end.
    pub rest: Option<Uuid>,
}

/// Reads the next window of a campaign's audience.
pub(in crate::campaigns) async fn next_window(
    tx: &mut Tx,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
    now: DateTime<Utc>,
) -> Result<Window> {
    let window = WINDOW[usize::from(!tx.is_postgres())];
    let (retried, retried_rest) = retried(tx, campaign, plan, window, now).await?;
    let (ids, rest) = match scan(tx, campaign, plan).await? {
        _ if plan.parent.is_some() => (retried.keys().copied().collect(), retried_rest),
        Some(mut scan) => {
            let found = scan.ids(tx).await?;
            let ids = with_rows(tx, campaign, plan, found).await?;
            (ids, scan.rest().map(Id::uuid))
        }
        None if plan.spec.audience.rows => rows(tx, campaign, window).await?,
        None => named(campaign, plan, window),
    };
    let mut found: HashMap<ContactId, Contact> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let contacts = contacts::find_all(tx.on(), campaign.tenant_id, chunk).await?;
        found.extend(contacts.into_iter().map(|it| (it.id, it)));
    }
    let mut contacts: Vec<Contact> = ids.iter().filter_map(|id| found.remove(id)).collect();
    contacts.retain(|it| it.kind == PERSON && it.archived_at.is_none());
    Ok(Window {
        contacts,
        retried,
        rest,
    })
}

/// Reads the next messages of the campaign that is followed up. Returns whom to write to again, and the message before which it goes on.
async fn retried(
    tx: &mut Tx,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
    window: i64,
    now: DateTime<Utc>,
) -> Result<(RetriedContacts, Option<Uuid>)> {
    let (Some(retry), Some(parent)) = (&plan.spec.retry_of, &plan.parent) else {
        return Ok(Default::default());
    };
    let Some((first, last)) = messages_of(parent) else {
        return Ok(Default::default());
    };
    let before = campaign.freeze_cursor.unwrap_or(last);
    let found = store::outcomes_before(tx.on(), campaign.tenant_id, (first, before), window).await?;
    let is_more = found.len() as i64 == window;
    let rest = found.last().map(|it| it.id.uuid()).filter(|_| is_more);
    let ended_at = parent.finished_at.unwrap_or(now);
    Ok((retry.of_window(&found, ended_at, now), rest))
}

/// Returns those of the contacts that have rows, where the audience asks for them.
async fn with_rows(
    tx: &mut Tx,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
    mut ids: Vec<ContactId>,
) -> Result<Vec<ContactId>> {
    if !plan.spec.audience.rows {
        return Ok(ids);
    }
    let mut having = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        let found = campaigns::rows_of(tx.on(), (campaign.tenant_id, campaign.id), chunk).await?;
        having.extend(found.into_keys());
    }
    ids.retain(|id| having.contains(id));
    Ok(ids)
}

/// Returns the next of the contacts that have rows, newest first, and where it goes on.
async fn rows(tx: &mut Tx, campaign: &StoredCampaign, window: i64) -> Result<(Vec<ContactId>, Option<Uuid>)> {
    let before = campaign
        .freeze_cursor
        .map(ContactId::from_uuid)
        .or(campaign.freeze_bound);
    let before = before.unwrap_or(ContactId::from_uuid(Uuid::max()));
    let ids = campaigns::rows_before(tx.on(), (campaign.tenant_id, campaign.id), before, window).await?;
    let is_more = ids.len() as i64 == window;
    let rest = ids.last().map(|id| id.uuid()).filter(|_| is_more);
    Ok((ids, rest))
}

/// Returns the next of the contacts that an audience names, newest first, and where it goes on.
fn named(campaign: &StoredCampaign, plan: &CampaignPlan, window: i64) -> (Vec<ContactId>, Option<Uuid>) {
    let mut ids: Vec<ContactId> = before(&plan.spec.audience.contacts, campaign.freeze_cursor).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.dedup();
    let is_more = ids.len() as i64 > window;
    ids.truncate(usize::try_from(window).unwrap_or(usize::MAX));
    let rest = ids.last().map(|id| id.uuid()).filter(|_| is_more);
    (ids, rest)
}
