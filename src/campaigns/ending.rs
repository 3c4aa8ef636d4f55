//! The end of a campaign, and the recount that goes with it.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::{
    CampaignError, CampaignService,
    error::CampaignResult,
    events,
    progress::progress,
    spec::CampaignSpec,
    store::{self, CampaignEnd, StoredCampaign},
};
use crate::{
    db::{Db, Result, Tx},
    domain::{CampaignId, CampaignMessages, CampaignStatus, Ctx, Id, MessageId, TenantId},
    events::campaign as types,
    messaging, records,
};

/// How long one request goes on with counting; the wave in hand is finished.
const RECOUNT_TIME: Duration = Duration::from_secs(5);
/// Messages that are withdrawn in one transaction.
const WITHDRAWN: i64 = 500;

/// Completes a running campaign whose audience is frozen, if every recipient was fanned out and no message waits.
pub(super) async fn try_complete(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<()> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    let numbers = progress(service.db.reader(), tenant, id, campaign.status).await?;
    if numbers.pending > 0 || numbers.open > 0 || has_unfinished(service, campaign).await? {
        return Ok(());
    }
    let differences = recount(&service.db, campaign).await?;
    let write = async |tx: &mut Tx| {
        let now = service.clock.now();
        // With the campaign locked no page passes, and no window.
        let Some(locked) = store::lock(tx, tenant, id).await? else {
            return Ok(());
        };
        let numbers = progress(tx.on(), tenant, id, locked.status).await?;
        if locked.frozen_at.is_none() || numbers.pending > 0 || numbers.open > 0 {
            return Ok(());
        }
        let end = CampaignEnd {
            from: CampaignStatus::Running,
            to: CampaignStatus::Completed,
            reason: (!differences.is_empty()).then_some("inconsistent"),
            details: differences.first().cloned(),
        };
        if !store::end(tx.on(), (tenant, id), end, now).await? {
            return Ok(());
        }
        let Some(ended) = store::find(tx.on(), tenant, id).await? else {
            return Ok(());
        };
        let mut new_events = vec![events::ended(&service.clock, &ended, &types::COMPLETED, &numbers)];
        if !differences.is_empty() {
            new_events.push(events::inconsistent(&service.clock, &ended, &differences));
        }
        records::events::append(tx, &new_events, now).await
    };
    service.db.transaction_as(tenant, write).await?;
    if !differences.is_empty() {
        metrics::counter!("mainstay_campaign_identity_broken_total").increment(1);
        tracing::error!(campaign.id = %id, ?differences, "the counters of a campaign are not the numbers of its rows");
    }
    Ok(())
}

async fn has_unfinished(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<bool> {
    for channel in CampaignSpec::stored(&campaign.spec)?.channels {
        if store::has_unfinished(service.db.reader(), channel, campaign.id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Withdraws what waits of a campaign that was canceled. Returns whether it has ended: no message waits, and no call is being made.
pub(super) async fn end_canceled(service: &CampaignService, campaign: &StoredCampaign) -> CampaignResult<bool> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    for channel in CampaignSpec::stored(&campaign.spec)?.channels {
        let mut after = MessageId::from_uuid(uuid::Uuid::nil());
        loop {
            let waiting = store::waiting_of(service.db.writer(), channel, id, after, WITHDRAWN).await?;
            let Some(last) = waiting.last() else { break };
            after = *last;
            messaging::withdraw((&service.db, &service.clock), &Ctx::system(tenant), &waiting).await?;
        }
    }
    let write = async |tx: &mut Tx| {
        let now = service.clock.now();
        if store::lock(tx, tenant, id).await?.is_none() {
            return Ok(true);
        }
        let numbers = progress(tx.on(), tenant, id, CampaignStatus::Canceled).await?;
        if numbers.open > 0 {
            return Ok(false);
        }
        let end = CampaignEnd {
            from: CampaignStatus::Canceling,
            to: CampaignStatus::Canceled,
            reason: None,
            details: None,
        };
        if !store::end(tx.on(), (tenant, id), end, now).await? {
            return Ok(true);
        }
        let Some(ended) = store::find(tx.on(), tenant, id).await? else {
            return Ok(true);
        };
        let event = events::ended(&service.clock, &ended, &types::CANCELED, &numbers);
        records::events::append(tx, &[event], now).await?;
        Ok::<_, CampaignError>(true)
    };
    service.db.transaction_as(tenant, write).await
}

/// Finds a campaign, to be recounted.
pub async fn stored(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<Option<StoredCampaign>> {
    store::find(tx.on(), tenant, id).await
}

/// Counts the messages and the suppressed recipients of a campaign again, wave by wave, and returns where a counter says otherwise, each in a
/// sentence.
pub async fn recount(db: &Db, campaign: &StoredCampaign) -> Result<Vec<String>> {
    let counted = recount_until(db, campaign, 0, || false).await?;
    Ok(counted.differences)
}

/// What was found when waves of a campaign were counted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CampaignRecount {
    /// Where a counter says otherwise, each in a sentence.
    pub differences: Vec<String>,
    /// The first wave that was not counted; `None` at the end.
    pub next_wave: Option<i64>,
}

/// Counts a campaign again for somebody who asks: from a wave on, wave by wave, for about [`RECOUNT_TIME`]. A difference is reported as at the
/// end of a campaign. `kept`: for how many days the tenant keeps messages, if not for ever; of a campaign that began before, some may be gone.
pub(crate) async fn recount_on_demand(
    service: &CampaignService,
    campaign: &StoredCampaign,
    from_wave: i64,
    kept: Option<i64>,
) -> CampaignResult<CampaignRecount> {
    let is_gone = |days: &i64| {
        let before = service.clock.now() - TimeDelta::days(*days);
        campaign.started_at.is_some_and(|at| at <= before)
    };
    if campaign.recipients_removed_at.is_some() {
        return Err(CampaignError::RecipientsRemoved(campaign.id));
    }
    if let Some(days) = kept.filter(is_gone) {
        return Err(CampaignError::NotKept(days));
    }
    let begun = Instant::now();
    let counted = recount_until(&service.db, campaign, from_wave, || begun.elapsed() >= RECOUNT_TIME).await?;
    if !counted.differences.is_empty() {
        report_inconsistent(service, campaign, &counted.differences).await?;
    }
    Ok(counted)
}

/// Counts waves again, from one on, until it is enough; one at least.
async fn recount_until(
    db: &Db,
    campaign: &StoredCampaign,
    from_wave: i64,
    is_enough: impl Fn() -> bool,
) -> Result<CampaignRecount> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    let (mut differences, mut next_wave) = (Vec::new(), None);
    let Some(stamp) = campaign.id_stamp else {
        return Ok(CampaignRecount { differences, next_wave });
    };
    let messages = CampaignMessages::new(id, stamp);
    let waves = store::waves(db.reader(), tenant, id).await?;
    let counted = waves
        .iter()
        .filter(|it| it.channel_id.is_some() && it.wave >= from_wave);
    for (place, wave) in counted.enumerate() {
        let wave = wave.wave;
        if place > 0 && is_enough() {
            next_wave = Some(wave);
            break;
        }
        let found = store::recount_wave(db.reader(), (tenant, id, wave), messages).await?;
        let said = |(status, counted, rows)| format!("wave {wave}: {counted} counted as {status}, {rows} found");
        differences.extend(found.into_iter().map(said));
    }
    Ok(CampaignRecount { differences, next_wave })
}

/// Reports that a campaign is not what its counters say.
pub(super) async fn report_inconsistent(
    service: &CampaignService,
    campaign: &StoredCampaign,
    differences: &[String],
) -> CampaignResult<()> {
    metrics::counter!("mainstay_campaign_identity_broken_total").increment(1);
    let event = events::inconsistent(&service.clock, campaign, differences);
    let write =
        async |tx: &mut Tx| records::events::append(tx, std::slice::from_ref(&event), service.clock.now()).await;
    service.db.transaction_as(campaign.tenant_id, write).await?;
    Ok(())
}
