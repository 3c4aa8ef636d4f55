//! When a campaign starts: at once, at an instant, at a local time of a zone, or at a local time of each recipient.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{CampaignError, CampaignResult};
use crate::{domain::OnMissed, local_time::instant_of};

/// How far ahead a campaign may be scheduled.
const AHEAD: TimeDelta = TimeDelta::days(365);
/// How much later than its time a recipient's message is still in time.
const GRACE: TimeDelta = TimeDelta::hours(1);
/// Stands for the zone of each recipient.
const RECIPIENT: &str = "recipient";
/// Offsets from UTC that zones have at a time, with some to spare.
const OFFSETS: usize = 40;
/// Seconds that the first local time on earth is ahead of UTC, and the last.
const FIRST: i32 = 14 * 3_600;
const LAST: i32 = -12 * 3_600;

/// When a caller wants a campaign to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaunchTime {
    pub starts_at: Option<DateTime<Utc>>,
    pub local_time: Option<String>,
    pub time_zone: Option<String>,
    pub fallback_time_zone: Option<String>,
    pub missed: Option<OnMissed>,
}

/// A local time that a campaign was launched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CampaignSchedule {
    #[schema(value_type = String, example = "2026-12-24T09:00:00")]
    pub local_time: NaiveDateTime,
    /// An IANA zone, or `recipient`: the zone of each.
    #[schema(example = "recipient")]
    pub time_zone: String,
    /// The zone of recipients of whom none is known; null unless `time_zone` is `recipient`.
    #[schema(required, example = "Asia/Kolkata")]
    pub fallback_time_zone: Option<String>,
    /// What becomes of recipients whose time has passed by more than an hour.
    pub missed: OnMissed,
}

impl LaunchTime {
    /// Returns when the campaign starts, and the schedule to keep.
    pub(super) fn resolve(&self, now: DateTime<Utc>) -> CampaignResult<(DateTime<Utc>, Option<CampaignSchedule>)> {
        let (at, field, schedule) = match (&self.starts_at, &self.local_time) {
            (Some(_), Some(_)) => return Err(CampaignError::invalid("local_time", "give starts_at or local_time")),
            (at, None) if self.is_bare() => (at.unwrap_or(now), "starts_at", None),
            (_, None) => return Err(CampaignError::invalid("local_time", "a time zone needs a local time")),
            (None, Some(text)) => {
                let schedule = self.schedule(text)?;
                (schedule.start(now)?, "local_time", Some(schedule))
            }
        };
        if at > now + AHEAD {
            return Err(CampaignError::invalid(field, "is more than a year ahead"));
        }
        Ok((at.max(now), schedule))
    }

    fn is_bare(&self) -> bool {
        self.time_zone.is_none() && self.fallback_time_zone.is_none() && self.missed.is_none()
    }

    fn schedule(&self, text: &str) -> CampaignResult<CampaignSchedule> {
        let invalid = |field: &str, why: &str| Err(CampaignError::invalid(field, why));
        let minutes = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M");
        let Ok(local_time) = text.parse().or_else(|_| minutes()) else {
            return invalid("local_time", "write it like 2026-12-24T09:00:00, without a zone");
        };
        let Some(time_zone) = self.time_zone.clone() else {
            return invalid(
                "time_zone",
                "say whose time it is: a zone like Asia/Kolkata, or recipient",
            );
        };
        let is_own = time_zone == RECIPIENT;
        match &self.fallback_time_zone {
            None if is_own => {
                return invalid(
                    "fallback_time_zone",
                    "give the zone of recipients of whom none is known",
                );
            }
            Some(_) if !is_own => return invalid("fallback_time_zone", "goes with the time zone recipient"),
            Some(zone) => drop(parse_zone("fallback_time_zone", zone)?),
            None => drop(parse_zone("time_zone", &time_zone)?),
        }
        if self.missed.is_some() && !is_own {
            return invalid("missed", "goes with the time zone recipient");
        }
        Ok(CampaignSchedule {
            local_time,
            time_zone,
            fallback_time_zone: self.fallback_time_zone.clone(),
            missed: self.missed.unwrap_or(OnMissed::Start),
        })
    }
}

impl CampaignSchedule {
    /// Returns when the campaign starts: for recipients' own zones at the first time on earth.
    fn start(&self, now: DateTime<Utc>) -> CampaignResult<DateTime<Utc>> {
        let passed = |at: DateTime<Utc>| match at + GRACE < now {
            true => Err(CampaignError::invalid("local_time", "has passed")),
            false => Ok(()),
        };
        if self.is_of_recipients() {
            passed(at_offset(self.local_time, LAST))?;
            return Ok(at_offset(self.local_time, FIRST));
        }
        let at = instant_of(self.local_time, parse_zone("time_zone", &self.time_zone)?)
            .ok_or_else(|| CampaignError::invalid("local_time", "is no time of the calendar"))?;
        passed(at)?;
        Ok(at)
    }

    /// Returns how many instants the time may be.
    pub(super) fn turns(&self) -> usize {
        if self.is_of_recipients() { OFFSETS } else { 1 }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("a schedule always serialises")
    }

    /// Reads the stored form.
    pub(crate) fn stored(text: &str) -> CampaignResult<Self> {
        serde_json::from_str(text).map_err(|error| CampaignError::invalid("schedule", error))
    }

    fn is_of_recipients(&self) -> bool {
        self.time_zone == RECIPIENT
    }

    /// Returns when a recipient is written to: `None` with the campaign's start, an error for one whose time has been missed.
    pub(super) fn turn_of(
        &self,
        zone: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, &'static str> {
        if !self.is_of_recipients() {
            return Ok(None);
        }
        let fallback = || self.fallback_time_zone.as_deref()?.parse().ok();
        let zone: Option<Tz> = zone.and_then(|zone| zone.parse().ok()).or_else(fallback);
        let turn = zone.and_then(|zone| instant_of(self.local_time, zone));
        match turn {
            Some(at) if at + GRACE < now && self.missed == OnMissed::Skip => Err("time_missed"),
            turn => Ok(turn),
        }
    }
}

fn parse_zone(field: &str, zone: &str) -> CampaignResult<Tz> {
    zone.parse().map_err(|_| {
        CampaignError::invalid(
            field,
            format!("there is no time zone {zone}; write it like Europe/Berlin"),
        )
    })
}

fn at_offset(local: NaiveDateTime, seconds: i32) -> DateTime<Utc> {
    let offset = FixedOffset::east_opt(seconds).expect("less than a day");
    (local - offset).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn own(missed: Option<OnMissed>) -> LaunchTime {
        LaunchTime {
            local_time: Some("2026-12-24T09:00:00".to_owned()),
            time_zone: Some("recipient".to_owned()),
            fallback_time_zone: Some("Asia/Kolkata".to_owned()),
            missed,
            ..LaunchTime::default()
        }
    }

    #[test]
    fn each_recipient_has_their_own_time() {
        let now = at("2026-12-23T18:30:00Z");
        let (start, schedule) = own(None).resolve(now).expect("it is valid");
        assert_eq!(start, at("2026-12-23T19:00:00Z"), "nine on the first islands");
        let schedule = schedule.expect("it is kept");
        for (zone, turn) in [
            (Some("Europe/Berlin"), "2026-12-24T08:00:00Z"),
            (Some("America/New_York"), "2026-12-24T14:00:00Z"),
            (Some("Pacific/Kiritimati"), "2026-12-23T19:00:00Z"),
            (Some("nowhere"), "2026-12-24T03:30:00Z"),
            (None, "2026-12-24T03:30:00Z"),
        ] {
            assert_eq!(schedule.turn_of(zone, now), Ok(Some(at(turn))), "{zone:?}");
        }
    }

    #[test]
    fn a_time_that_has_passed_somewhere_is_made_up_for_or_left_out() {
        let now = at("2026-12-24T10:00:00Z");
        for (missed, turn) in [
            (OnMissed::Start, Ok(Some(at("2026-12-24T08:00:00Z")))),
            (OnMissed::Skip, Err("time_missed")),
        ] {
            let (start, schedule) = own(Some(missed)).resolve(now).expect("it has not passed everywhere");
            assert_eq!(start, now);
            assert_eq!(schedule.expect("it is kept").turn_of(Some("Europe/Berlin"), now), turn);
        }
        assert!(
            own(None).resolve(at("2026-12-24T22:30:00Z")).is_err(),
            "it has passed everywhere"
        );
    }

    #[test]
    fn a_launch_says_one_time() {
        let now = at("2026-12-01T00:00:00Z");
        let local = |zone: Option<&str>| LaunchTime {
            local_time: Some("2026-12-24T09:00:00".to_owned()),
            time_zone: zone.map(str::to_owned),
            ..LaunchTime::default()
        };
        let start = |it: LaunchTime| {
            it.resolve(now)
                .map(|(start, _)| start)
                .map_err(|error| error.to_string())
        };
        assert_eq!(start(LaunchTime::default()), Ok(now));
        assert_eq!(start(local(Some("Asia/Kolkata"))), Ok(at("2026-12-24T03:30:00Z")));
        let short = LaunchTime {
            local_time: Some("2026-12-24T09:00".to_owned()),
            ..local(Some("Asia/Kolkata"))
        };
        assert_eq!(start(short), Ok(at("2026-12-24T03:30:00Z")), "seconds may be left out");
        for (bad, field) in [
            (local(None), "time_zone"),
            (local(Some("Mars/Olympus")), "time_zone"),
            (local(Some("recipient")), "fallback_time_zone"),
            (
                LaunchTime {
                    starts_at: Some(now),
                    ..local(Some("Asia/Kolkata"))
                },
                "local_time",
            ),
            (
                LaunchTime {
                    time_zone: Some("Asia/Kolkata".to_owned()),
                    ..LaunchTime::default()
                },
                "local_time",
            ),
            (
                LaunchTime {
                    missed: Some(OnMissed::Skip),
                    ..local(Some("Asia/Kolkata"))
                },
                "missed",
            ),
            (
                LaunchTime {
                    local_time: Some("tomorrow".to_owned()),
                    ..local(Some("Asia/Kolkata"))
                },
                "local_time",
            ),
            (
                LaunchTime {
                    starts_at: Some(at("2028-01-01T00:00:00Z")),
                    ..LaunchTime::default()
                },
                "starts_at",
            ),
        ] {
            let refused = start(bad).expect_err("it is invalid");
            assert!(refused.starts_with(field), "{refused}");
        }
    }
}
