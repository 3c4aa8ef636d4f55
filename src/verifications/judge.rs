//! What evidence says of a number.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::NumberVerdict;

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
/// week apart.
pub(super) fn judge(traces: &[Trace]) -> Judgement {
    let is_failure = |it: &&Trace| it.kind == TraceKind::Undeliverable;
    let alive = traces.iter().filter(|it| !is_failure(it)).max_by_key(|it| it.at);
    let failures = || {
        let since = traces.iter().filter(is_failure).map(|it| it.at);
        since.filter(|at| alive.is_none_or(|alive| *at > alive.at))
    };
    if let (Some(first), Some(last)) = (failures().min(), failures().max())
        && last - first >= APART
    {
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

    /// Judges what happened so many days after a time, and returns verdict, evidence and the day of the evidence.
    fn judged(traces: &[(TraceKind, i64)]) -> (&'static str, &'static str, Option<i64>) {
        let begin = DateTime::UNIX_EPOCH;
        let trace = |&(kind, day): &(TraceKind, i64)| Trace {
            kind,
            at: begin + TimeDelta::days(day),
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
}
