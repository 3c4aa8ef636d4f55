//! The recipients of a campaign with what became of them.

use std::collections::HashMap;

use super::{
    draft::find,
    error::{CampaignError, CampaignResult},
    store::{self, StoredCampaign, StoredRecipient},
};
use crate::{
    db::{On, Result, Tx},
    domain::{CampaignId, CampaignMessages, MessageId, Status, TenantId},
    records::messages,
};

/// Rows that one page looks at.
const LOOK: usize = 5_000;
/// Rows of one statement.
const CHUNK: i64 = 500;

/// A recipient with what became of them.
pub(crate) struct ShownRecipient {
    pub row: StoredRecipient,
    /// Their message, once there is one.
    pub message: Option<MessageId>,
    /// `pending`, `suppressed`, or the status of their message.
    pub status: &'static str,
    pub error_code: Option<i64>,
}

impl ShownRecipient {
    /// Returns its key: wave and ordinal.
    pub fn key(&self) -> (i64, i64) {
        (self.row.wave, self.row.n)
    }
}

/// Recipients, and the key of the last that was looked at, if there may be more.
type RecipientsPage = (Vec<ShownRecipient>, Option<(i64, i64)>);

/// Which recipients are listed; all without any.
#[derive(Clone, Copy, Default)]
pub(crate) struct RecipientFilter<'a> {
    pub status: Option<&'a str>,
    /// Why they are suppressed.
    pub reason: Option<&'a str>,
}

impl RecipientFilter<'_> {
    fn takes(self, it: &ShownRecipient) -> bool {
        let is_of_reason = |wanted| it.status == "suppressed" && it.row.reason.as_deref() == Some(wanted);
        self.status.is_none_or(|wanted| wanted == it.status) && self.reason.is_none_or(is_of_reason)
    }
}

/// Finds a campaign whose recipients are kept.
pub(crate) async fn with_recipients(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> CampaignResult<StoredCampaign> {
    let found = find(tx, tenant, id).await?;
    match found.recipients_removed_at {
        Some(_) => Err(CampaignError::RecipientsRemoved(id)),
        None => Ok(found),
    }
}

/// Lists recipients after one, those that a filter takes. A page looks at 5,000 rows at most, so that it may hold few.
pub(crate) async fn recipients(
    mut on: On<'_>,
    campaign: &StoredCampaign,
    filter: RecipientFilter<'_>,
    after: Option<(i64, i64)>,
    limit: usize,
) -> Result<RecipientsPage> {
    let of = (campaign.tenant_id, campaign.id);
    let messages = campaign.id_stamp.map(|stamp| CampaignMessages::new(campaign.id, stamp));
    let (mut shown, mut last, mut looked) = (Vec::new(), after.unwrap_or((-1, -1)), 0);
    loop {
        let rows = store::recipients_after(on.reborrow(), of, last, CHUNK).await?;
        let is_end = (rows.len() as i64) < CHUNK;
        looked += rows.len();
        for it in show(on.reborrow(), campaign.tenant_id, messages, rows).await? {
            if shown.len() == limit {
                return Ok((shown, Some(last)));
            }
            last = it.key();
            if filter.takes(&it) {
                shown.push(it);
            }
        }
        if is_end {
            return Ok((shown, None));
        }
        if looked >= LOOK {
            return Ok((shown, Some(last)));
        }
    }
}

async fn show(
    on: On<'_>,
    tenant: TenantId,
    messages: Option<CampaignMessages>,
    rows: Vec<StoredRecipient>,
) -> Result<Vec<ShownRecipient>> {
    let id = |row: &StoredRecipient| {
        let is_written_to = row.wave > 0 && row.outcome.is_none();
        messages.filter(|_| is_written_to).map(|of| of.id(row.wave, row.n))
    };
    let ids: Vec<(TenantId, MessageId)> = rows.iter().filter_map(id).map(|id| (tenant, id)).collect();
    let found: HashMap<MessageId, (Status, Option<i64>)> = messages::outcomes(on, &ids)
        .await?
        .into_iter()
        .map(|(id, status, code)| (id, (status, code)))
        .collect();
    let shown = rows.into_iter().map(|row| {
        let message = id(&row).filter(|id| found.contains_key(id));
        let (status, error_code) = match message.and_then(|id| found.get(&id)) {
            Some((status, code)) => (status.as_str(), *code),
            None if row.outcome.is_some() => ("suppressed", None),
            None => ("pending", None),
        };
        ShownRecipient {
            row,
            message,
            status,
            error_code,
        }
    });
    Ok(shown.collect())
}
