//! The next window of an audience.

use std::collections::HashMap;

use super::{WINDOW, before, scan};
use crate::{
    campaigns::{plan::CampaignPlan, store::StoredCampaign},
    db::{Result, Tx},
    domain::ContactId,
    records::contacts::{self, Contact},
};

/// Contacts that are read by one statement.
const CHUNK: usize = 1_000;
const PERSON: &str = "person";

/// The contacts of a window whom the audience takes in.
pub(super) struct Window {
    pub contacts: Vec<Contact>,
    /// The contact before which the freeze goes on; `None` at the end.
    pub rest: Option<ContactId>,
}

/// Reads the next window of a campaign's audience.
pub(super) async fn next_window(tx: &mut Tx, campaign: &StoredCampaign, plan: &CampaignPlan) -> Result<Window> {
    let (ids, rest) = match scan(tx, campaign, plan).await? {
        Some(mut scan) => (scan.ids(tx).await?, scan.rest()),
        None => named(campaign, plan, WINDOW[usize::from(!tx.is_postgres())]),
    };
    let mut found: HashMap<ContactId, Contact> = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let contacts = contacts::find_all(tx.on(), campaign.tenant_id, chunk).await?;
        found.extend(contacts.into_iter().map(|it| (it.id, it)));
    }
    let mut contacts: Vec<Contact> = ids.iter().filter_map(|id| found.remove(id)).collect();
    contacts.retain(|it| it.kind == PERSON && it.archived_at.is_none());
    Ok(Window { contacts, rest })
}

/// Returns the next of the contacts that an audience names, newest first, and where it goes on.
fn named(campaign: &StoredCampaign, plan: &CampaignPlan, window: i64) -> (Vec<ContactId>, Option<ContactId>) {
    let mut ids: Vec<ContactId> = before(&plan.spec.audience.contacts, campaign.freeze_cursor).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids.dedup();
    let is_more = ids.len() as i64 > window;
    ids.truncate(usize::try_from(window).unwrap_or(usize::MAX));
    let rest = ids.last().copied().filter(|_| is_more);
    (ids, rest)
}
