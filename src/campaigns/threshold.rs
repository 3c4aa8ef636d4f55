//! Pauses a campaign when too many of its last messages have failed.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::{
    CampaignService,
    error::CampaignResult,
    events::append_change,
    plan::CampaignPlan,
    room::rate,
    store::{self, StoredCampaign},
};
use crate::{
    db::Tx,
    domain::{CampaignMessages, Ctx, Status},
    events::campaign as types,
};

/// Outcomes that have to be known for a verdict.
const LEAST: usize = 20;
/// Seconds of sending that are looked at.
const SECONDS: f64 = 40.0;
/// Waves that are looked at.
const WAVES: usize = 16;
/// Codes that are named.
const NAMED: usize = 3;

/// Looks at the last messages of the waves under way, made since the campaign was resumed, and pauses it if too many failed.
pub(super) async fn check(
    service: &CampaignService,
    campaign: &StoredCampaign,
    plan: &CampaignPlan,
) -> CampaignResult<()> {
    let messages = CampaignMessages::new(campaign.id, campaign.id_stamp.unwrap_or_default());
    let since = campaign
        .resumed_at
        .or(campaign.started_at)
        .unwrap_or(DateTime::UNIX_EPOCH);
    let waves = store::waves(service.db.reader(), campaign.tenant_id, campaign.id).await?;
    let begun = waves.into_iter().filter(|it| it.cursor > 0 && it.channel_id.is_some());
    for wave in begun.rev().take(WAVES) {
        let Some(route) = wave.channel_id.and_then(|it| plan.route(it)) else {
            continue;
        };
        let looked_at = (rate(route) * SECONDS) as i64;
        let first = (wave.cursor - looked_at.max(LEAST as i64)).max(0);
        let range = [messages.id(wave.wave, first), messages.id(wave.wave, wave.cursor - 1)];
        let known = store::outcomes_of_last(service.db.reader(), campaign.tenant_id, range, since).await?;
        let failed: Vec<Option<i64>> = known
            .iter()
            .filter(|(status, _)| *status == Status::Failed)
            .map(|(_, code)| *code)
            .collect();
        if known.len() >= LEAST && failed.len() * 100 >= known.len() * usize::from(plan.spec.failure_threshold) {
            return pause(service, campaign, known.len(), &failed).await;
        }
    }
    Ok(())
}

async fn pause(
    service: &CampaignService,
    campaign: &StoredCampaign,
    known: usize,
    failed: &[Option<i64>],
) -> CampaignResult<()> {
    let mut codes: BTreeMap<i64, usize> = BTreeMap::new();
    for code in failed.iter().flatten() {
        *codes.entry(*code).or_default() += 1;
    }
    let mut codes: Vec<(i64, usize)> = codes.into_iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named: Vec<String> = codes
        .iter()
        .take(NAMED)
        .map(|(code, count)| format!("{code} ({count})"))
        .collect();
    let details = format!(
        "{} of the last {known} messages failed: {}",
        failed.len(),
        named.join(", ")
    );
    let (tenant, id, now) = (campaign.tenant_id, campaign.id, service.clock.now());
    let write = async |tx: &mut Tx| {
        if store::lock(tx, tenant, id).await?.is_none()
            || !store::pause(tx.on(), (tenant, id), "failure_threshold", Some(details.clone()), now).await?
        {
            return Ok(());
        }
        append_change(tx, &service.clock, &Ctx::system(tenant), id, &types::PAUSED)
            .await
            .map(drop)
    };
    service.db.transaction_as(tenant, write).await?;
    Ok(())
}
