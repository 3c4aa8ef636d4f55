//! What an error of Meta's means beyond the message it came for. The same whether it came as the answer or as a `failed` status; the
//! table of errors says which code has which effects.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::MediaId,
    events::{
        EventType,
        channel::{CAMPAIGNS_PAUSED, Stopped},
        contact::{BLOCKED, MARKETING, OPTED_OUT, Preference},
        template::{REFUSED, TemplateRefused},
    },
    media::{self, store::MediaOnChannel},
    messaging::store::{
        blocks::{self, Block},
        sends::Due,
    },
    meta::graph::errors::{self, Class, Effect},
    rate_limit::MetaFeedback,
    records::{
        channels,
        contacts::{self, UndeliverableIdentity},
        conversations::{self, ClosedWindow},
        events::NewEvent,
    },
    templates::store::templates,
};

/// How long a window stays open after the customer wrote, less the second that Meta's times are good for: of a message that came
/// in the same moment nobody can say which was first.
const WINDOW: TimeDelta = TimeDelta::seconds(24 * 3_600 - 1);

/// How long a sync of templates waits for others who ask for it.
const GATHER: TimeDelta = TimeDelta::seconds(5);

/// An error that came for a message.
pub struct Told<'a> {
    pub due: &'a Due,
    pub code: i64,
    pub title: &'a str,
    /// When Meta said it.
    pub at: DateTime<Utc>,
    /// When the attempt began that it is about.
    pub tried_at: DateTime<Utc>,
}

impl Told<'_> {
    fn has(&self, effect: Effect) -> bool {
        errors::entry(self.code).has_effect(effect)
    }
}

/// Whether an error means something beyond the message it came for.
pub fn is_acted_on(code: i64) -> bool {
    !errors::entry(code).effects.is_empty()
}

/// Whether an error pauses the campaigns of the channel.
pub fn pauses_campaigns(code: i64) -> bool {
    errors::entry(code).has_effect(Effect::PauseCampaigns)
}

/// What the governor has to hear of an error; `None` for those that are nothing to it.
pub fn answer(code: i64) -> Option<MetaFeedback> {
    match errors::entry(code).class {
        Class::Throughput => Some(MetaFeedback::Throughput),
        Class::Pair => Some(MetaFeedback::Pair),
        Class::Maintenance => Some(MetaFeedback::Maintenance),
        _ => None,
    }
}

/// What is to be told, and whether the directory has to be read again.
#[derive(Default)]
pub struct Carried {
    pub events: Vec<NewEvent>,
    pub channels_changed: bool,
}

/// Writes what follows for customers, conversations and campaigns. What follows for a channel as a whole and for the governor comes
/// after the commit ([`answer`], [`super::trip`]).
pub async fn carry_out(tx: &mut Tx, clock: &Clock, told: &[Told<'_>]) -> Result<Carried> {
    let mut carried = Carried::default();
    if !told.iter().any(|it| is_acted_on(it.code)) {
        return Ok(carried);
    }
    stop_marketing(tx, clock, told, &mut carried.events).await?;
    suspect(tx, told).await?;
    close_windows(tx, clock, told).await?;
    block(tx, clock, told, &mut carried.events).await?;
    for it in told.iter().filter(|it| it.has(Effect::PauseCampaigns)) {
        let (tenant, channel) = (it.due.tenant_id, it.due.channel_id);
        if channels::pause_campaigns(&mut *tx, tenant, channel, it.code, clock.now()).await? {
            carried.channels_changed = true;
            tracing::error!(channel.id = %channel, error.code = it.code, "the campaigns of a channel rest until somebody has looked");
            let (code, reason) = (it.code, it.title);
            let data = Stopped {
                channel_id: channel,
                code,
                reason,
            };
            carried.events.push(event(clock, it, &CAMPAIGNS_PAUSED, &data));
        }
    }
    forget_uploads(tx, clock, told).await?;
    refresh_templates(tx, clock, told).await?;
    for it in told.iter().filter(|it| it.has(Effect::RefreshTemplate)) {
        let content: Value = serde_json::from_str(&it.due.content).unwrap_or_default();
        let data = TemplateRefused {
            channel_id: it.due.channel_id,
            message_id: it.due.id,
            name: content["name"].as_str(),
            language: content["language"]["code"].as_str(),
            code: it.code,
            title: it.title,
        };
        let event = event(clock, it, &REFUSED, &data);
        carried
            .events
            .push(event.within(it.due.channel_id, it.due.conversation_id));
    }
    for it in told {
        for effect in errors::entry(it.code).effects {
            metrics::counter!("mainstay_error_effects_total", "effect" => effect.as_str()).increment(1);
        }
    }
    Ok(carried)
}

async fn stop_marketing(tx: &mut Tx, clock: &Clock, told: &[Told<'_>], events: &mut Vec<NewEvent>) -> Result<()> {
    let mut refused = BTreeMap::new();
    for it in told.iter().filter(|it| it.has(Effect::RecordOptOut)) {
        refused.insert(it.due.contact_id, it);
    }
    let row = |it: &&Told<'_>| contacts::MarketingRefusal {
        tenant: it.due.tenant_id,
        contact: it.due.contact_id,
        at: it.at,
    };
    let rows: Vec<contacts::MarketingRefusal> = refused.values().map(row).collect();
    for (contact,) in contacts::stop_marketing(&mut *tx, &rows, clock.now()).await? {
        let it = refused[&contact];
        let data = Preference {
            contact_id: contact,
            channel_id: it.due.channel_id,
            category: Some(MARKETING),
            detail: Some(it.title),
        };
        events.push(event(clock, it, &OPTED_OUT, &data));
    }
    Ok(())
}

async fn suspect(tx: &mut Tx, told: &[Told<'_>]) -> Result<()> {
    let mut suspects = BTreeMap::new();
    for it in told.iter().filter(|it| it.has(Effect::SuspectRecipient)) {
        let (kind, value) = (it.due.recipient_kind.as_str(), it.due.recipient.clone());
        let suspect = suspects
            .entry((it.due.tenant_id, kind, value.clone()))
            .or_insert_with(|| UndeliverableIdentity {
                tenant: it.due.tenant_id,
                kind: kind.to_owned(),
                value,
                code: it.code,
                count: 0,
                at: it.at,
            });
        suspect.count += 1;
        if it.at >= suspect.at {
            (suspect.code, suspect.at) = (it.code, it.at);
        }
    }
    let suspects: Vec<UndeliverableIdentity> = suspects.into_values().collect();
    contacts::mark_undeliverable(tx, &suspects).await.map(drop)
}

async fn close_windows(tx: &mut Tx, clock: &Clock, told: &[Told<'_>]) -> Result<()> {
    let mut closed = BTreeMap::new();
    for it in told.iter().filter(|it| it.has(Effect::CloseWindow)) {
        let conversation = it.due.conversation_id;
        let window = ClosedWindow {
            tenant: it.due.tenant_id,
            conversation,
            at: it.tried_at,
            latest: it.tried_at + WINDOW,
        };
        closed.insert(conversation, window);
    }
    let closed: Vec<ClosedWindow> = closed.into_values().collect();
    conversations::close_windows(tx, &closed, clock.now()).await.map(drop)
}

/// Meta may have forgotten a file before its time.
async fn forget_uploads(tx: &mut Tx, clock: &Clock, told: &[Told<'_>]) -> Result<()> {
    let mut files = BTreeSet::new();
    for it in told.iter().filter(|it| it.has(Effect::ForgetUploads)) {
        let content: Value = serde_json::from_str(&it.due.content).unwrap_or_default();
        let mut named = Vec::new();
        media_in(&content, &mut named);
        files.extend(named.into_iter().map(|media| MediaOnChannel {
            tenant: it.due.tenant_id,
            channel: it.due.channel_id,
            media,
        }));
    }
    let files: Vec<MediaOnChannel> = files.into_iter().collect();
    media::forget_meta_ids(tx, &files, clock.now()).await.map(drop)
}

/// Files of ours that a message's content names, wherever it does.
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

/// Something else was believed of a template: its account's are read again from Meta.
async fn refresh_templates(tx: &mut Tx, clock: &Clock, told: &[Told<'_>]) -> Result<()> {
    let refused = told.iter().filter(|it| it.has(Effect::RefreshTemplate));
    let channels: BTreeSet<_> = refused.map(|it| (it.due.tenant_id, it.due.channel_id)).collect();
    let mut accounts = BTreeSet::new();
    for (tenant, channel) in channels {
        let channel = channels::find(&mut *tx, tenant, channel).await?;
        accounts.extend(channel.map(|channel| (tenant, channel.waba_id)));
    }
    let now = clock.now();
    for (tenant, waba) in accounts {
        templates::request_sync(&mut *tx, clock.new_id(), tenant, &waba, now, now + GATHER).await?;
    }
    Ok(())
}

/// Somebody the business has blocked elsewhere, in Meta's own tools for example.
async fn block(tx: &mut Tx, clock: &Clock, told: &[Told<'_>], events: &mut Vec<NewEvent>) -> Result<()> {
    let block = |it: &Told<'_>| Block {
        tenant: it.due.tenant_id,
        channel: it.due.channel_id,
        contact: it.due.contact_id,
    };
    let mut found: Vec<Block> = told
        .iter()
        .filter(|it| it.has(Effect::RecordBlock))
        .map(block)
        .collect();
    found.sort();
    found.dedup();
    let new = blocks::add(tx, &found, clock.now()).await?;
    events.extend(new.iter().map(|it| super::blocks::event(clock, it, &BLOCKED)));
    Ok(())
}

fn event(clock: &Clock, told: &Told<'_>, of: &'static EventType, data: &impl Serialize) -> NewEvent {
    NewEvent::new(clock, told.due.tenant_id, of, told.at, data).on(told.due.channel_id)
}
