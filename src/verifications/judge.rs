//! What evidence says of a number.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{CampaignId, NumberVerdict};

/// How far apart the first and the last undeliverable message have to be.
const APART: TimeDelta = TimeDelta::days(7);

/// What happened between a number and the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraceKind {
    /// Its owner wrote.
    Wrote,
    Delivered,
    Read,
    /// Meta could not deliver a message (131026).
    Undeliverable,
}

/// Something that happened between a number and the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    pub kind: TraceKind,
    pub at: DateTime<Utc>,
    /// The campaign that the message was of.
    pub campaign: Option<CampaignId>,
}

/// What is known of a number, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub verdict: NumberVerdict,
    pub tier: i64,
    pub evidence: &'static str,
    pub at: Option<DateTime<Utc>>,
}

impl Judgement {
    /// Returns that no numbering plan has the number.
    pub const fn invalid(evidence: &'static str) -> Self {
        Self {
            verdict: NumberVerdict::Invalid,
            tier: 1,
            evidence,
            at: None,
        }
    }

    const fn valid() -> Self {
        Self {
            verdict: NumberVerdict::Valid,
            tier: 1,
            evidence: "numbering_plan",
            at: None,
        }
    }
}

/// Judges a valid number. Undeliverable messages count only while nothing else was heard since; two of them make it unreachable if they are a
/// week apart and not of one campaign.
pub(super) fn judge(traces: &[Trace]) -> Judgement {
    let is_failure = |it: &&Trace| it.kind == TraceKind::Undeliverable;
    let alive = traces.iter().filter(|it| !is_failure(it)).max_by_key(|it| it.at);
    let failures: Vec<&Trace> = traces
        .iter()
        .filter(is_failure)
        .filter(|it| alive.is_none_or(|alive| it.at > alive.at))
        .collect();
    let are_apart = |one: &Trace, other: &Trace| {
        let is_one_campaign = one.campaign.is_some() && one.campaign == other.campaign;
        other.at - one.at >= APART && !is_one_campaign
    };
    let again = failures
        .iter()
        .filter(|it| failures.iter().any(|one| are_apart(one, it)));
    if let Some(last) = again.map(|it| it.at).max() {
        return Judgement {
            verdict: NumberVerdict::Unreachable,
            tier: 2,
            evidence: "undeliverable",
            at: Some(last),
        };
    }
    let Some(alive) = alive else {
        return Judgement::valid();
    };
    Judgement {
        verdict: NumberVerdict::Reachable,
        tier: 2,
        evidence: match alive.kind {
            TraceKind::Wrote => "wrote",
            TraceKind::Read => "read",
            TraceKind::Delivered | TraceKind::Undeliverable => "delivered",
        },
        at: Some(alive.at),
    }
}

#[cfg(test)]
mod tests {
    use super::{TraceKind::*, *};
    use crate::clock::Clock;

    /// Judges what happened so many days after a time, and returns verdict, evidence and the day of the evidence.
    fn judged(traces: &[(TraceKind, i64)]) -> (&'static str, &'static str, Option<i64>) {
        let begin = DateTime::UNIX_EPOCH;
        let trace = |&(kind, day): &(TraceKind, i64)| Trace {
            kind,
            at: begin + TimeDelta::days(day),
            campaign: None,
        };
        let traces: Vec<Trace> = traces.iter().map(trace).collect();
        let it = judge(&traces);
        assert_eq!(it.tier == 2, it.at.is_some(), "tier 2 has evidence, and only it");
        (
            it.verdict.as_str(),
            it.evidence,
            it.at.map(|at| (at - begin).num_days()),
        )
    }

    #[test]
    fn a_verdict_is_what_the_newest_evidence_says() {
        for (traces, expected) in [
            (&[][..], ("valid", "numbering_plan", None)),
            (&[(Wrote, 3)], ("reachable", "wrote", Some(3))),
            (&[(Delivered, 3), (Read, 2)], ("reachable", "delivered", Some(3))),
            (&[(Undeliverable, 3)], ("valid", "numbering_plan", None)),
            (
                &[(Undeliverable, 3), (Undeliverable, 9)],
                ("valid", "numbering_plan", None),
            ),
            (
                &[(Undeliverable, 3), (Undeliverable, 10)],
                ("unreachable", "undeliverable", Some(10)),
            ),
            (
                &[(Undeliverable, 3), (Delivered, 5), (Undeliverable, 10)],
                ("reachable", "delivered", Some(5)),
            ),
            (
                &[(Wrote, 1), (Undeliverable, 3), (Undeliverable, 10)],
                ("unreachable", "undeliverable", Some(10)),
            ),
            (
                &[(Undeliverable, 3), (Undeliverable, 10), (Wrote, 11)],
                ("reachable", "wrote", Some(11)),
            ),
        ] {
            assert_eq!(judged(traces), expected, "{traces:?}");
        }
    }

    #[test]
    fn messages_of_one_campaign_are_one_try() {
        let clock = Clock::default();
        let (one, other): (CampaignId, CampaignId) = (clock.new_id(), clock.new_id());
        let verdict = |campaigns: [Option<CampaignId>; 2]| {
            let trace = |(n, campaign): (usize, Option<CampaignId>)| Trace {
                kind: Undeliverable,
                at: DateTime::UNIX_EPOCH + TimeDelta::days(8 * n as i64),
                campaign,
            };
            judge(&campaigns.into_iter().enumerate().map(trace).collect::<Vec<_>>()).verdict
        };
        assert_eq!(verdict([Some(one), Some(one)]), NumberVerdict::Valid);
        for apart in [[Some(one), Some(other)], [Some(one), None], [None, None]] {
            assert_eq!(verdict(apart), NumberVerdict::Unreachable);
        }
    }
}
