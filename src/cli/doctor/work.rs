//! Checks what waits, rests or was given up: queues, channels, endpoints, webhooks of unknown numbers.

use chrono::{DateTime, Utc};

use super::Finding;
use crate::{
    clock::Clock,
    db::Db,
    domain::HoldReason,
    inbound::store::quarantine,
    jobs::QUEUES,
    messaging::store::sends,
    queue::{Queues, admin},
    records::{channels, tenants},
    webhooks::{
        masked,
        store::{
            deliveries,
            endpoints::{self, Endpoint, EndpointKey},
        },
    },
};

/// Most unknown numbers and accounts that are named.
const MAX_SUBJECTS: i64 = 20;

pub async fn check(db: &Db, queues: &Queues, clock: &Clock) -> Vec<Finding> {
    match examine(db, queues, clock.now()).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(
            "work",
            format!("what waits cannot be read: {error}"),
            "fix the database first",
        )],
    }
}

async fn examine(db: &Db, queues: &Queues, now: DateTime<Utc>) -> sqlx::Result<Vec<Finding>> {
    let mut findings = in_queues(db, queues, now).await?;
    findings.extend(in_channels(db).await?);
    findings.extend(in_endpoints(db, now).await?);
    findings.extend(unknown_numbers(db).await?);
    if findings.is_empty() {
        findings.push(Finding::ok("work", "nothing rests, fails or was given up"));
    }
    Ok(findings)
}

async fn in_queues(db: &Db, queues: &Queues, now: DateTime<Utc>) -> sqlx::Result<Vec<Finding>> {
    const CHECK: &str = "queues";
    let mut findings = Vec::new();
    for queue in QUEUES {
        let stats = admin::stats(db, queues, queue, now).await?;
        let name = queue.name;
        if stats.paused {
            let what = format!("{name} is paused, and {} jobs are due", stats.pending);
            findings.push(Finding::warn(CHECK, what, format!("`mainstay queue resume {name}`")));
        }
        if stats.dead > 0 {
            let what = format!("{} jobs of {name} are dead", stats.dead);
            let cure = format!(
                "`mainstay queue list {name} --state dead` shows why, `mainstay queue retry {name} --dead` tries again"
            );
            findings.push(Finding::warn(CHECK, what, cure));
        }
    }
    let held = sends::count_held(db.reader()).await?;
    let unknown = held.into_iter().find(|(reason, _)| *reason == HoldReason::Unknown);
    if let Some((_, count)) = unknown {
        let what = format!("{count} messages are held, for nobody can prove whether Meta took them");
        let cure = "decide on each: POST /api/v1/messages/{id}/resolve";
        findings.push(Finding::warn(CHECK, what, cure));
    }
    Ok(findings)
}

async fn in_channels(db: &Db) -> sqlx::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let all = channels::all(db.reader()).await?;
    for channel in all.into_iter().filter(|channel| channel.archived_at.is_none()) {
        let id = channel.id;
        if let Some(since) = channel.tripped_at {
            let reason = channel.trip_reason.as_deref().unwrap_or("no reason is known");
            let what = format!("the circuit breaker of {id} is open since {}: {reason}", time(since));
            let cure = format!("`mainstay channel check {id}`, or add it again with a new token");
            findings.push(Finding::fail("channel", what, cure));
        }
        if let Some(since) = channel.campaigns_paused_at {
            let what = format!("campaigns of {id} are paused since {}", time(since));
            let cure = "see the number's quality, then POST /api/v1/channels/{id}/campaigns/resume";
            findings.push(Finding::warn("channel", what, cure));
        }
    }
    Ok(findings)
}

async fn in_endpoints(db: &Db, now: DateTime<Utc>) -> sqlx::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for tenant in tenants::all(db.reader()).await? {
        let mut failing = endpoints::list(db.reader(), tenant.id, None, i64::MAX).await?;
        failing.retain(|endpoint| endpoint.is_enabled() && endpoint.health.failing_since.is_some());
        let keys: Vec<EndpointKey> = failing.iter().map(Endpoint::key).collect();
        let backlogs = deliveries::backlogs(db.reader(), &keys).await?;
        for endpoint in failing {
            let since = endpoint.health.failing_since.unwrap_or(now);
            let backlog = backlogs.get(&endpoint.id).copied().unwrap_or_default();
            let (waiting, age) = (backlog.waiting, backlog.oldest_seconds(now).unwrap_or_default() / 60.0);
            let what = format!(
                "{} ({}) fails since {}: {}; {waiting} deliveries wait, the oldest for {age:.0} min",
                endpoint.id,
                masked(&endpoint.url),
                time(since),
                endpoint.health.last_error.as_deref().unwrap_or("no reason is known"),
            );
            let cure = format!(
                "mend the receiver, then `mainstay endpoint test --tenant {} {}`",
                tenant.id, endpoint.id
            );
            findings.push(Finding::warn("endpoint", what, cure));
        }
    }
    Ok(findings)
}

async fn unknown_numbers(db: &Db) -> sqlx::Result<Vec<Finding>> {
    let subjects = quarantine::list(db.reader(), MAX_SUBJECTS).await?;
    let finding = |it: quarantine::QuarantinedSubject| {
        let name = it
            .subject
            .replace("phone_number:", "the phone number ")
            .replace("waba:", "the account ");
        let what = format!(
            "{} webhooks of {name}, which nobody has added, wait since {}",
            it.events,
            time(it.since)
        );
        Finding::warn(
            "webhooks",
            what,
            "`mainstay channel add` processes them; else unsubscribe the app from that account",
        )
    };
    Ok(subjects.into_iter().map(finding).collect())
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
