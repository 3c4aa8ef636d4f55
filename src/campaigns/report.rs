//! The report of a campaign: its numbers, those of each wave and its failures, all of one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    draft::find,
    progress::CampaignProgress,
    store::{self, StoredCampaign, StoredWave},
};
use crate::{
    campaigns::error::CampaignResult,
    db::Tx,
    domain::{CampaignId, CampaignMessages, TenantId},
};

/// What became of a campaign. Its numbers, those of the waves and the failures are read by one statement: they add up.
pub(crate) struct CampaignReport {
    pub campaign: StoredCampaign,
    pub numbers: CampaignProgress,
    /// In their order; wave 0 is of those who were suppressed at the freeze.
    pub waves: Vec<ReportedWave>,
    /// How many messages failed with each code, the commonest first.
    pub failures: Vec<(i64, i64)>,
    /// When the first message of the wave that begins first was made.
    pub first_message_at: Option<DateTime<Utc>>,
}

/// A wave with its numbers.
pub(crate) struct ReportedWave {
    pub wave: StoredWave,
    pub numbers: CampaignProgress,
}

/// What one statement says of a wave.
#[derive(Default)]
struct WaveNumbers {
    numbers: CampaignProgress,
    frozen: i64,
    cursor: i64,
}

/// Reports on a campaign.
pub(crate) async fn report(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> CampaignResult<CampaignReport> {
    let campaign = find(tx, tenant, id).await?;
    let mut numbers = CampaignProgress::default();
    let mut of_waves: BTreeMap<i64, WaveNumbers> = BTreeMap::new();
    let mut codes: BTreeMap<i64, i64> = BTreeMap::new();
    for (wave, what, code, n) in store::numbers_with_failures(tx.on(), tenant, id).await? {
        let of_wave = of_waves.entry(wave).or_default();
        match what.as_str() {
            "code" => *codes.entry(code).or_default() += n,
            what => {
                numbers.add(wave, what, n);
                of_wave.numbers.add(wave, what, n);
                match what {
                    "frozen" => of_wave.frozen = n,
                    "cursor" => of_wave.cursor = n,
                    _ => {}
                }
            }
        }
    }
    let mut failures: Vec<(i64, i64)> = codes.into_iter().filter(|(_, n)| *n > 0).collect();
    failures.sort_by_key(|(code, n)| (-n, *code));
    // What else a wave has never changes; one that began since the statement is not in it.
    let stored = store::waves(tx.on(), tenant, id).await?;
    let waves: Vec<ReportedWave> = stored
        .into_iter()
        .filter_map(|wave| {
            let it = of_waves.get(&wave.wave)?;
            Some(ReportedWave {
                wave: StoredWave {
                    frozen: it.frozen,
                    cursor: it.cursor,
                    ..wave
                },
                numbers: it.numbers.of(campaign.status),
            })
        })
        .collect();
    let first_message_at = first_message(tx, &campaign, &waves).await?;
    Ok(CampaignReport {
        numbers: numbers.of(campaign.status),
        campaign,
        waves,
        failures,
        first_message_at,
    })
}

async fn first_message(
    tx: &mut Tx,
    campaign: &StoredCampaign,
    waves: &[ReportedWave],
) -> CampaignResult<Option<DateTime<Utc>>> {
    let has_messages = |it: &&ReportedWave| it.wave.channel_id.is_some() && it.wave.cursor > it.numbers.suppressed;
    let first = waves
        .iter()
        .filter(has_messages)
        .min_by_key(|it| (it.wave.starts_at, it.wave.wave));
    let (Some(first), Some(stamp)) = (first, campaign.id_stamp) else {
        return Ok(None);
    };
    let range = CampaignMessages::new(campaign.id, stamp).range(first.wave.wave);
    Ok(store::first_made(tx.on(), (campaign.tenant_id, campaign.id), range).await?)
}
