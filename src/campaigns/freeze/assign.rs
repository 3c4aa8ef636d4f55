//! Gives the contacts of a window their waves and ordinals.

use std::collections::{BTreeMap, HashSet};

use super::judge::{FreezeVerdict, JudgedContact, WaveClass};
use crate::{
    campaigns::store::{self, FrozenRecipient, NewFrozen, StoredCampaign, StoredWave},
    db::{Result, Tx},
    domain::{ContactId, MAX_WAVE, WAVE_SIZE},
};

/// The wave of those who are not written to.
const SUPPRESSED: i64 = 0;
/// Recipients of one statement.
const CHUNK: usize = 1_000;

/// Inserts the recipients of a window. The caller holds the campaign.
pub(super) async fn assign(tx: &mut Tx, campaign: &StoredCampaign, judged: &[JudgedContact]) -> Result<()> {
    let (tenant, id) = (campaign.tenant_id, campaign.id);
    let mut waves = Waves::new(store::lock_waves(tx, tenant, id).await?);
    let ids: Vec<ContactId> = judged.iter().map(|it| it.contact).collect();
    let mut free: HashSet<ContactId> = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        free.extend(store::free(tx.on(), tenant, id, chunk).await?);
    }
    let mut recipients = Vec::with_capacity(judged.len());
    for it in judged {
        if !free.contains(&it.contact) {
            continue;
        }
        let (class, params, suppressed) = match &it.verdict {
            FreezeVerdict::Suppressed(reason) => (None, None, Some(*reason)),
            FreezeVerdict::Recipient { class, params } => (Some(class), Some(params.clone()), None),
        };
        let Some((wave, n)) = waves.next(class) else {
            return Err(sqlx::Error::Protocol(format!(
                "campaign {id} has more than {MAX_WAVE} waves"
            )));
        };
        recipients.push(FrozenRecipient {
            wave,
            n,
            contact: it.contact,
            address: it.address.clone(),
            params,
            suppressed,
        });
    }
    for chunk in recipients.chunks(CHUNK) {
        store::insert_recipients(tx.on(), tenant, id, chunk).await?;
    }
    store::set_frozen(tx.on(), tenant, id, &waves.changed()).await
}

/// The waves of a campaign while recipients are added.
struct Waves {
    known: BTreeMap<i64, (StoredWave, bool)>,
}

impl Waves {
    fn new(stored: Vec<StoredWave>) -> Self {
        let known = stored.into_iter().map(|it| (it.wave, (it, false)));
        Self { known: known.collect() }
    }

    /// Returns the wave and the ordinal of the next recipient of a class, or of those who are not written to; `None` if there are too many
    /// waves.
    fn next(&mut self, class: Option<&WaveClass>) -> Option<(i64, i64)> {
        let wave = match class {
            None => SUPPRESSED,
            Some(class) => self.wave_of(class)?,
        };
        let (stored, is_changed) = self.known.entry(wave).or_insert_with(|| {
            let stored = StoredWave {
                wave,
                channel_id: class.map(|it| it.channel),
                language: class.map(|it| it.language.clone()),
                starts_at: class.and_then(|it| it.starts_at),
                frozen: 0,
                cursor: 0,
            };
            (stored, true)
        });
        let n = stored.frozen;
        stored.frozen += 1;
        *is_changed = true;
        Some((wave, n))
    }

    /// Returns the last wave of a class if it has room, else the number of a new one.
    fn wave_of(&self, class: &WaveClass) -> Option<i64> {
        let of_class = |it: &&StoredWave| {
            let is_same = it.channel_id == Some(class.channel) && it.language.as_ref() == Some(&class.language);
            is_same && it.starts_at == class.starts_at && it.frozen < WAVE_SIZE
        };
        let open = self.known.values().map(|(it, _)| it).rev().find(of_class);
        let new = self.known.keys().next_back().copied().unwrap_or_default() + 1;
        open.map(|it| it.wave).or(Some(new).filter(|new| *new <= MAX_WAVE))
    }

    fn changed(self) -> Vec<NewFrozen> {
        let changed = self.known.into_values().filter(|(_, is_changed)| *is_changed);
        let frozen = changed.map(|(it, _)| NewFrozen {
            wave: it.wave,
            channel: it.channel_id,
            language: it.language,
            starts_at: it.starts_at,
            frozen: it.frozen,
        });
        frozen.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, domain::ChannelId};

    fn class(channel: ChannelId, language: &str) -> WaveClass {
        WaveClass {
            channel,
            language: language.to_owned(),
            starts_at: None,
        }
    }

    #[test]
    fn ordinals_are_dense_in_each_class() {
        let (clock, mut waves) = (Clock::default(), Waves::new(Vec::new()));
        let (one, other): (ChannelId, ChannelId) = (clock.new_id(), clock.new_id());
        assert_eq!(waves.next(Some(&class(one, "es"))), Some((1, 0)));
        assert_eq!(waves.next(Some(&class(other, "es"))), Some((2, 0)));
        assert_eq!(waves.next(None), Some((0, 0)));
        assert_eq!(waves.next(Some(&class(one, "es"))), Some((1, 1)));
        assert_eq!(waves.next(Some(&class(one, "en"))), Some((3, 0)));
        assert_eq!(waves.next(None), Some((0, 1)));
        let frozen: Vec<(i64, i64)> = waves.changed().iter().map(|it| (it.wave, it.frozen)).collect();
        assert_eq!(frozen, [(0, 2), (1, 2), (2, 1), (3, 1)]);
    }

    #[test]
    fn each_start_is_a_wave_of_its_own() {
        let channel: ChannelId = Clock::default().new_id();
        let mut waves = Waves::new(Vec::new());
        let at = |hour: i64| WaveClass {
            starts_at: chrono::DateTime::from_timestamp(1_790_000_000 + hour * 3_600, 0),
            ..class(channel, "es")
        };
        let waves: Vec<_> = [1, 2, 1, 3].map(|hour| waves.next(Some(&at(hour)))).into();
        assert_eq!(waves, [Some((1, 0)), Some((2, 0)), Some((1, 1)), Some((3, 0))]);
    }

    #[test]
    fn a_full_wave_is_followed_by_another_of_its_class() {
        let channel: ChannelId = Clock::default().new_id();
        let full = StoredWave {
            wave: 1,
            channel_id: Some(channel),
            language: Some("es".to_owned()),
            starts_at: None,
            frozen: WAVE_SIZE,
            cursor: 0,
        };
        let mut waves = Waves::new(vec![full]);
        assert_eq!(waves.next(Some(&class(channel, "es"))), Some((2, 0)));
        assert_eq!(waves.next(Some(&class(channel, "es"))), Some((2, 1)));
    }
}
