//! Applies the effects of Meta's errors beyond the message: opt-outs, closed windows, blocks, paused campaigns. An error has the same
//! effects as an answer and as a `failed` status; the error table lists the effects of each code.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    contacts::consent::{self, NewConsent},
    db::{Result, Tx},
    domain::{Actor, ChannelId, ConsentPurpose, ConsentSource, ConsentStatus, ContactId, MediaId},
    events::{
        EventType,
        channel::{CAMPAIGNS_PAUSED, Stopped},
        contact::{BLOCKED, MARKETING, OPTED_OUT, Preference},
        template::{REFUSED, TemplateRefused},
    },
    media::{self, store::MediaOnChannel},
    messaging::store::{
        blocks::{self, BlockedContact},
        sends::DueSend,
    },
    provider::errors::{self, Class, Effect},
    rate_limit::MetaFeedback,
    records::{
        channels,
        contacts::{self, UndeliverableIdentity},
        conversations::{self, ClosedWindow},
        events::NewEvent,
    },
    templates::store::templates,
};

/// Length of a service window after the customer's last message, minus one second: Meta's timestamps are in seconds, so the order of
/// events within one second is unknown.
const WINDOW: TimeDelta = TimeDelta::seconds(24 * 3_600 - 1);

/// Delay of a template sync, so that requests in the meantime share it.
const GATHER: TimeDelta = TimeDelta::seconds(5);

/// An error that Meta reported for a message.
pub(crate) struct ErrorReport<'a> {
    pub due: &'a DueSend,
    pub code: i64,
    pub title: &'a str,
    /// When Meta reported the error.
    pub at: DateTime<Utc>,
    /// When the attempt began.
    pub tried_at: DateTime<Utc>,
}

impl ErrorReport<'_> {
    fn has(&self, effect: Effect) -> bool {
        errors::entry(self.code).has_effect(effect)
    }
}

/// Returns whether an error code has effects beyond the message.
pub(crate) fn has_effects(code: i64) -> bool {
    !errors::entry(code).effects.is_empty()
}

/// Returns whether an error code pauses the campaigns of the channel.
pub(crate) fn pauses_campaigns(code: i64) -> bool {
    errors::entry(code).has_effect(Effect::PauseCampaigns)
}

/// Returns the feedback for the rate limiter; `None` for codes that do not concern it.
pub(crate) fn limiter_feedback(code: i64) -> Option<MetaFeedback> {
    match errors::entry(code).class {
        Class::Throughput => Some(MetaFeedback::Throughput),
        Class::Pair => Some(MetaFeedback::Pair),
        Class::Maintenance => Some(MetaFeedback::Maintenance),
        _ => None,
    }
}

/// Logs a refusal that concerns the rate limiter.
pub(crate) fn log_limit(channel: ChannelId, code: i64) {
    let entry = errors::entry(code);
    tracing::warn!(channel.id = %channel, error.code = code, error.title = entry.title, error.advice = entry.advice,
        "Meta refused a message because of a limit");
}

/// Results of applied effects: events to append, and whether the directory has to be refreshed.
#[derive(Default)]
pub(crate) struct AppliedEffects {
    pub events: Vec<NewEvent>,
    pub channels_changed: bool,
}

/// Writes the effects on customers, conversations, templates and campaigns. Rate limiter feedback and circuit breakers follow after the
/// commit ([`limiter_feedback`], [`super::trip`]).
pub(crate) async fn apply_effects(tx: &mut Tx, clock: &Clock, reports: &[ErrorReport<'_>]) -> Result<AppliedEffects> {
    let mut applied = AppliedEffects::default();
    if !reports.iter().any(|report| has_effects(report.code)) {
        return Ok(applied);
    }
    stop_marketing(tx, clock, reports, &mut applied.events).await?;
    record_suspects(tx, reports).await?;
    close_windows(tx, clock, reports).await?;
    block(tx, clock, reports, &mut applied.events).await?;
    for report in reports.iter().filter(|report| report.has(Effect::PauseCampaigns)) {
        let (tenant, channel) = (report.due.tenant_id, report.due.channel_id);
        if channels::pause_campaigns(tx.on(), tenant, channel, report.code, clock.now()).await? {
            applied.channels_changed = true;
            let entry = errors::entry(report.code);
            tracing::error!(channel.id = %channel, error.code = report.code, error.title = entry.title, error.advice = entry.advice,
                "campaigns of a channel are paused until resumed by hand");
            let (code, reason) = (report.code, report.title);
            let data = Stopped {
                channel_id: channel,
                code,
                reason,
            };
            applied.events.push(event(clock, report, &CAMPAIGNS_PAUSED, &data));
        }
    }
    forget_uploads(tx, clock, reports).await?;
    refresh_templates(tx, clock, reports).await?;
    for report in reports.iter().filter(|report| report.has(Effect::RefreshTemplate)) {
        let content: Value = serde_json::from_str(&report.due.content).unwrap_or_default();
        let data = TemplateRefused {
            channel_id: report.due.channel_id,
            message_id: report.due.id,
            name: content["name"].as_str(),
            language: content["language"]["code"].as_str(),
            code: report.code,
            title: report.title,
        };
        let event = event(clock, report, &REFUSED, &data);
        applied
            .events
            .push(event.within(report.due.channel_id, report.due.conversation_id));
    }
    for report in reports {
        for effect in errors::entry(report.code).effects {
            metrics::counter!("mainstay_error_effects_total", "effect" => effect.as_str()).increment(1);
        }
    }
    Ok(applied)
}

async fn stop_marketing(
    tx: &mut Tx,
    clock: &Clock,
    reports: &[ErrorReport<'_>],
    events: &mut Vec<NewEvent>,
) -> Result<()> {
    let mut refused = BTreeMap::new();
    for report in reports.iter().filter(|report| report.has(Effect::RecordOptOut)) {
        refused.insert(report.due.contact_id, report);
    }
    let row = |report: &&ErrorReport<'_>| contacts::MarketingRefusal {
        tenant: report.due.tenant_id,
        contact: report.due.contact_id,
        at: report.at,
    };
    let rows: Vec<contacts::MarketingRefusal> = refused.values().map(row).collect();
    let mut statements = Vec::new();
    for (contact,) in contacts::stop_marketing(tx.on(), &rows, clock.now()).await? {
        let report = refused[&contact];
        let data = Preference {
            contact_id: contact,
            channel_id: Some(report.due.channel_id),
            category: Some(MARKETING),
            detail: Some(report.title),
        };
        events.push(event(clock, report, &OPTED_OUT, &data));
        statements.push(refusal(contact, report));
    }
    consent::record_locked(tx, clock, statements).await.map(drop)
}

/// The statement that a refusal of a marketing message makes.
fn refusal(contact: ContactId, report: &ErrorReport<'_>) -> NewConsent {
    NewConsent {
        tenant: report.due.tenant_id,
        contact,
        purpose: ConsentPurpose::Marketing,
        channel: None,
        status: ConsentStatus::Revoked,
        source: ConsentSource::MetaPreference,
        lifts: false,
        occurred_at: report.at,
        evidence: Some(json!({ "code": report.code, "title": report.title, "message_id": report.due.id })),
        message: Some(report.due.id),
        import: None,
        by: Actor::System,
    }
}

async fn record_suspects(tx: &mut Tx, reports: &[ErrorReport<'_>]) -> Result<()> {
    let mut suspects = BTreeMap::new();
    for report in reports.iter().filter(|report| report.has(Effect::SuspectRecipient)) {
        let (kind, value) = (report.due.recipient_kind.as_str(), report.due.recipient.clone());
        let suspect = suspects
            .entry((report.due.tenant_id, kind, value.clone()))
            .or_insert_with(|| UndeliverableIdentity {
                tenant: report.due.tenant_id,
                kind: kind.to_owned(),
                value,
                code: report.code,
                count: 0,
                at: report.at,
            });
        suspect.count += 1;
        if report.at >= suspect.at {
            (suspect.code, suspect.at) = (report.code, report.at);
        }
    }
    let suspects: Vec<UndeliverableIdentity> = suspects.into_values().collect();
    contacts::mark_undeliverable(tx.on(), &suspects).await.map(drop)
}

async fn close_windows(tx: &mut Tx, clock: &Clock, reports: &[ErrorReport<'_>]) -> Result<()> {
    let mut closed = BTreeMap::new();
    for report in reports.iter().filter(|report| report.has(Effect::CloseWindow)) {
        let conversation = report.due.conversation_id;
        let window = ClosedWindow {
            tenant: report.due.tenant_id,
            conversation,
            at: report.tried_at,
            latest: report.tried_at + WINDOW,
        };
        closed.insert(conversation, window);
    }
    let closed: Vec<ClosedWindow> = closed.into_values().collect();
    conversations::close_windows(tx.on(), &closed, clock.now())
        .await
        .map(drop)
}

/// Forgets Meta's ids of the files in these messages: Meta may have deleted them before they expire.
async fn forget_uploads(tx: &mut Tx, clock: &Clock, reports: &[ErrorReport<'_>]) -> Result<()> {
    let mut files = BTreeSet::new();
    for report in reports.iter().filter(|report| report.has(Effect::ForgetUploads)) {
        let content: Value = serde_json::from_str(&report.due.content).unwrap_or_default();
        let mut named = Vec::new();
        media_in(&content, &mut named);
        files.extend(named.into_iter().map(|media| MediaOnChannel {
            tenant: report.due.tenant_id,
            channel: report.due.channel_id,
            media,
        }));
    }
    let files: Vec<MediaOnChannel> = files.into_iter().collect();
    media::forget_meta_ids(tx, &files, clock.now()).await.map(drop)
}

/// Collects the ids of stored files anywhere in a message's content.
fn media_in(content: &Value, found: &mut Vec<MediaId>) {
    match content {
        Value::Object(members) => {
            let id = members.get("media_id").and_then(Value::as_str);
            found.extend(id.and_then(|id| id.parse::<MediaId>().ok()));
            members.values().for_each(|value| media_in(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| media_in(value, found)),
        _ => {}
    }
}

/// Requests a sync of the templates of the accounts concerned, since the stored ones are outdated.
async fn refresh_templates(tx: &mut Tx, clock: &Clock, reports: &[ErrorReport<'_>]) -> Result<()> {
    let refused = reports.iter().filter(|report| report.has(Effect::RefreshTemplate));
    let channels: BTreeSet<_> = refused
        .map(|report| (report.due.tenant_id, report.due.channel_id))
        .collect();
    let mut accounts = BTreeSet::new();
    for (tenant, channel) in channels {
        let channel = channels::find(tx.on(), tenant, channel).await?;
        accounts.extend(channel.and_then(|channel| Some((tenant, channel.waba_id?))));
    }
    let now = clock.now();
    for (tenant, waba) in accounts {
        templates::request_sync(tx.on(), clock.new_id(), tenant, &waba, now, now + GATHER).await?;
    }
    Ok(())
}

/// Records contacts that the business has blocked elsewhere, e.g. with Meta's own tools.
async fn block(tx: &mut Tx, clock: &Clock, reports: &[ErrorReport<'_>], events: &mut Vec<NewEvent>) -> Result<()> {
    let block = |report: &ErrorReport<'_>| BlockedContact {
        tenant: report.due.tenant_id,
        channel: report.due.channel_id,
        contact: report.due.contact_id,
    };
    let mut found: Vec<BlockedContact> = reports
        .iter()
        .filter(|report| report.has(Effect::RecordBlock))
        .map(block)
        .collect();
    found.sort();
    found.dedup();
    let new = blocks::add(tx.on(), &found, clock.now()).await?;
    events.extend(new.iter().map(|it| super::blocks::event(clock, it, &BLOCKED)));
    Ok(())
}

fn event(clock: &Clock, report: &ErrorReport<'_>, of: &'static EventType, data: &impl Serialize) -> NewEvent {
    NewEvent::new(clock, report.due.tenant_id, of, report.at, data).on(report.due.channel_id)
}
