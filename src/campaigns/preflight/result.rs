//! What a preflight has found.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::PreflightSpec;
use crate::{
    campaigns::{
        freeze::{FreezeVerdict, JudgedContact},
        plan::CampaignPlan,
        room::rate,
    },
    domain::{ChannelId, ContactId},
};

/// Contacts that are named of each reason.
const SAMPLES: usize = 10;

/// Those whom a campaign would not write to, for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct SuppressedContacts {
    pub count: i64,
    /// Ten of them at most.
    pub contacts: Vec<ContactId>,
}

/// Recipients who would be written to from one number in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PreflightWave {
    pub channel_id: ChannelId,
    /// Empty where a message is sent in place of a template.
    pub language: String,
    pub recipients: i64,
}

/// What a launch would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PreflightResult {
    /// Everybody whom the audience takes in.
    pub audience: i64,
    /// Those of them who would be written to.
    pub recipients: i64,
    /// Those who would not, by the reason.
    pub suppressed: BTreeMap<String, SuppressedContacts>,
    pub waves: Vec<PreflightWave>,
    /// How many contacts have no value for a variable that has no fallback.
    pub variables_missing: BTreeMap<String, i64>,
    /// How many of the recipients have never allowed marketing in any way that is known here.
    pub without_opt_in: i64,
    /// How many of the recipients have no open service window at the time of the preflight; 0 where a template is sent.
    pub outside_window: i64,
    /// Seconds that sending takes at the campaign's rate and the numbers' own, if nothing else is sent.
    pub seconds: f64,
    /// To be named at the launch: it is refused if draft or templates are others by then.
    pub digest: String,
}

/// How far a preflight is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LookedAtSoFar {
    pub result: PreflightResult,
    /// Where the next window begins; `None` at the beginning.
    pub before: Option<Uuid>,
}

impl PreflightResult {
    /// Adds a window.
    pub(super) fn add(&mut self, judged: &[JudgedContact], without_opt_in: &HashSet<ContactId>) {
        self.audience += judged.len() as i64;
        for it in judged {
            if let Some(variable) = &it.missing {
                *self.variables_missing.entry(variable.clone()).or_default() += 1;
            }
            match &it.verdict {
                FreezeVerdict::Suppressed(reason) => {
                    let of_reason = self.suppressed.entry((*reason).to_owned()).or_default();
                    of_reason.count += 1;
                    if of_reason.contacts.len() < SAMPLES {
                        of_reason.contacts.push(it.contact);
                    }
                }
                FreezeVerdict::Recipient { class, .. } => {
                    self.recipients += 1;
                    self.without_opt_in += i64::from(without_opt_in.contains(&it.contact));
                    let is_same =
                        |wave: &&mut PreflightWave| wave.channel_id == class.channel && wave.language == class.language;
                    match self.waves.iter_mut().find(is_same) {
                        Some(wave) => wave.recipients += 1,
                        None => self.waves.push(PreflightWave {
                            channel_id: class.channel,
                            language: class.language.clone(),
                            recipients: 1,
                        }),
                    }
                }
            }
        }
    }

    /// Returns it with what is known at the end.
    pub(super) fn ended(mut self, spec: &PreflightSpec, plan: &CampaignPlan) -> Self {
        self.waves
            .sort_by(|one, other| (one.channel_id, &one.language).cmp(&(other.channel_id, &other.language)));
        let of_channel = |channel: ChannelId| -> i64 {
            let waves = self.waves.iter().filter(|it| it.channel_id == channel);
            waves.map(|it| it.recipients).sum()
        };
        let longest = plan
            .routes
            .iter()
            .map(|route| of_channel(route.channel) as f64 / rate(route).max(0.01))
            .fold(0.0, f64::max);
        let own = plan
            .spec
            .rate_per_second
            .map_or(0.0, |rate| self.recipients as f64 / f64::from(rate.max(1)));
        self.seconds = longest.max(own);
        self.digest = digest(&[
            &spec.version.to_string(),
            &plan.spec.text(),
            spec.template.as_deref().unwrap_or_default(),
            spec.schedule.as_deref().unwrap_or_default(),
            &self.audience.to_string(),
            &self.recipients.to_string(),
        ]);
        self
    }
}

/// Returns a digest of texts, each told apart from the next.
fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let bytes = hash.finalize();
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn texts_are_told_apart() {
        assert_eq!(digest(&["a", "bc"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", "bc"]), digest(&["ab", "c"]));
        assert_eq!(digest(&[""]).len(), 32);
    }
}
