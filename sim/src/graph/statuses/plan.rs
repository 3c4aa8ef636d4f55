//! Which statuses a message will go through, and when.

use std::time::Duration;

use serde_json::Value;

use super::policy::{Echo, StatusPolicy};
use crate::chance::Chance;
use crate::codes::Code;

/// What the statuses of a message depend on.
#[derive(Debug, Default)]
pub(crate) struct Outlook {
    pub is_reaction: bool,
    pub is_voice: bool,
    pub is_template: bool,
    /// Set if it is to fail.
    pub doom: Option<Doom>,
}

/// How an accepted message fails.
#[derive(Clone, Debug)]
pub(crate) struct Doom {
    pub code: i64,
    /// In place of the table's.
    pub details: Option<String>,
    /// Whether `sent` is told before.
    pub after_sent: bool,
}

impl Doom {
    pub fn at_once(code: i64, details: Option<&str>) -> Self {
        Self {
            code,
            details: details.map(str::to_owned),
            after_sent: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub status: &'static str,
    /// When it happens, after the send was accepted.
    pub happens: Duration,
    /// When it is told.
    pub after: Duration,
    pub priced: bool,
    pub echoes: bool,
    pub error: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order in which they are to be told.
    pub steps: Vec<Step>,
    /// Whether the answer says `held_for_quality_assessment`.
    pub is_held: bool,
    /// Whether the answer waits for the first step to be acknowledged.
    pub is_early: bool,
}

impl StatusPolicy {
    pub(crate) fn plan(&self, outlook: Outlook, chance: &mut Chance) -> Plan {
        if !self.enabled {
            return Plan::default();
        }
        let is_held = outlook.is_template && chance.happens(self.held);
        let doom = outlook.doom.clone().or_else(|| self.doom(is_held, chance));
        let path = match &doom {
            Some(doom) if doom.after_sent => vec![("sent", self.sent_ms), ("failed", self.delivered_ms)],
            Some(_) => vec![("failed", self.sent_ms)],
            None if outlook.is_reaction => vec![("sent", self.sent_ms)],
            None => self.path(outlook.is_voice, chance),
        };
        let held = if is_held { self.held_ms } else { 0 };
        let late = if chance.happens(self.late) { self.late_ms } else { 0 };
        let mut times: Vec<u64> = path.iter().map(|(_, after)| after + held + late).collect();
        if chance.happens(self.reorder) {
            chance.shuffle(&mut times);
        }
        let first_arrival = path
            .iter()
            .position(|(status, _)| matches!(*status, "delivered" | "read"));
        let mut steps = Vec::with_capacity(path.len());
        for (place, ((status, happens), after)) in path.iter().zip(times).enumerate() {
            let failed = *status == "failed";
            let step = Step {
                status,
                happens: Duration::from_millis(happens + held),
                after: Duration::from_millis(after),
                priced: *status == "sent" || Some(place) == first_arrival,
                echoes: match self.echo {
                    Echo::Always => true,
                    Echo::NotOnFailed => !failed,
                    Echo::Never => false,
                },
                error: doom
                    .as_ref()
                    .filter(|_| failed)
                    .map(|doom| Code::of(doom.code).in_status(doom.details.as_deref())),
            };
            if chance.happens(self.duplicates) {
                let mut again = step.clone();
                again.after += Duration::from_millis(chance.between(1..=200));
                steps.push(again);
            }
            steps.push(step);
        }
        steps.sort_by_key(|step| step.after);
        Plan {
            is_early: !is_held && !steps.is_empty() && chance.happens(self.early),
            steps,
            is_held,
        }
    }

    fn doom(&self, is_held: bool, chance: &mut Chance) -> Option<Doom> {
        if is_held && chance.happens(self.held_dropped) {
            return Some(Doom::at_once(132015, None));
        }
        (chance.happens(self.failed) && !self.failed_codes.is_empty()).then(|| Doom {
            code: *chance.pick(&self.failed_codes),
            details: None,
            after_sent: chance.happens(self.failed_after_sent),
        })
    }

    /// The fate of a message that does not fail.
    fn path(&self, is_voice: bool, chance: &mut Chance) -> Vec<(&'static str, u64)> {
        let mut path = Vec::with_capacity(4);
        if !chance.happens(self.skip_sent) {
            path.push(("sent", self.sent_ms));
        }
        if chance.happens(self.delivered) {
            let read = chance.happens(self.read);
            if !(read && chance.happens(self.skip_delivered)) {
                path.push(("delivered", self.delivered_ms));
            }
            if read {
                path.push(("read", self.read_ms));
                if is_voice {
                    path.push(("played", self.played_ms));
                }
            }
        }
        path
    }
}
