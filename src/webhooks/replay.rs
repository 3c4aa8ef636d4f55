//! Deliveries on request: test events, retries and replays.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, WebhookService, event_types, expedite::probe_with};
use crate::{
    clock::first_uuid_at,
    db::Tx,
    domain::{Ctx, DeliveryId, DeliveryState, EndpointId, EventTypes, Id, TenantId, delivery_id, is_storable},
    events::endpoint::{TEST, Test},
    meta::message::Invalid,
    records::events::{self, NewEvent, SequenceRange},
    webhooks::store::{
        deliveries::{self, Delivery},
        endpoints::{Endpoint, EndpointHealth, EndpointKey},
    },
};

/// Maximum number of pages in one call: a long range takes several calls, each of bounded time.
const MAX_PAGES: usize = 20;

/// The deliveries to replay.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Events recorded at or after this time.
    pub from: DateTime<Utc>,
    /// Events recorded before this time; by default the time of the first call.
    pub to: Option<DateTime<Utc>>,
    pub states: Vec<ReplayState>,
    /// Types as an endpoint subscribes to them; all by default.
    pub event_types: Option<Vec<String>>,
    /// Where the previous call stopped.
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayState {
    Done,
    Dead,
    /// Events that the endpoint subscribes to but has no delivery of, for instance because it was disabled when they occurred.
    Missing,
}

impl ReplayState {
    pub const ALL: [ReplayState; 3] = [ReplayState::Done, ReplayState::Dead, ReplayState::Missing];

    pub const fn as_str(self) -> &'static str {
        match self {
            ReplayState::Done => "done",
            ReplayState::Dead => "dead",
            ReplayState::Missing => "missing",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The result of one call to replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayOutcome {
    /// Number of deliveries queued again.
    pub replayed: u64,
    /// Where the next call continues; none when the whole range was examined.
    pub cursor: Option<String>,
    /// The endpoint's circuit breaker, if it is open: the deliveries wait for it.
    pub breaker: Option<OpenBreaker>,
}

/// The open circuit breaker of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBreaker {
    pub tripped_at: DateTime<Utc>,
    /// When the next delivery is attempted.
    pub probe_at: Option<DateTime<Utc>>,
}

impl OpenBreaker {
    pub(crate) fn of(health: &EndpointHealth) -> Option<Self> {
        health.tripped_at.map(|tripped_at| Self {
            tripped_at,
            probe_at: health.probe_at,
        })
    }
}

/// A position in a replay, with the end of its range: events recorded between two calls are not included.
#[derive(Clone, Copy, Debug)]
struct ReplayCursor {
    to: DateTime<Utc>,
    position: ReplayPosition,
}

impl ReplayCursor {
    fn parse(text: &str) -> Option<Self> {
        let (to, position) = text.split_once(':')?;
        Some(Self {
            to: DateTime::from_timestamp_micros(to.parse().ok()?).filter(|to| is_storable(*to))?,
            position: ReplayPosition::parse(position)?,
        })
    }

    fn encode(self) -> String {
        format!("{}:{}", self.to.timestamp_micros(), self.position.encode())
    }
}

/// The position of a replay: existing deliveries come first, then missing ones.
#[derive(Clone, Copy, Debug)]
enum ReplayPosition {
    Delivered(Uuid),
    Missing(i64),
}

impl ReplayPosition {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("had", id) => Some(ReplayPosition::Delivered(id.parse::<DeliveryId>().ok()?.uuid())),
            ("missing", sequence) => Some(ReplayPosition::Missing(sequence.parse().ok()?)),
            _ => None,
        }
    }

    fn encode(self) -> String {
        match self {
            ReplayPosition::Delivered(id) => format!("had:{}", DeliveryId::from_uuid(id)),
            ReplayPosition::Missing(sequence) => format!("missing:{sequence}"),
        }
    }
}

/// A validated replay.
struct ReplayRange {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    states: Vec<DeliveryState>,
    missing: Option<SequenceRange>,
    types: EventTypes,
}

impl WebhookService {
    /// Sends a test event to one endpoint only and returns its delivery. Fails for a disabled endpoint; if the breaker is open, the test is
    /// the next probe, sent now.
    pub async fn test(&self, ctx: &Ctx, id: EndpointId) -> Result<DeliveryId, Error> {
        let tenant = ctx.tenant;
        self.enabled(tenant, id).await?;
        let now = self.clock.now();
        let event = NewEvent::new(&self.clock, tenant, &TEST, now, &Test { endpoint_id: id }).by(ctx.actor);
        let delivery = delivery_id(event.id, id);
        let store = async |tx: &mut Tx| {
            let sequences = events::append_unconsumed(tx, std::slice::from_ref(&event), now).await?;
            for sequence in sequences {
                deliveries::deliver_to(tx, id, (&event, sequence), now).await?;
            }
            probe_with(tx, EndpointKey { tenant, id }, delivery, now).await
        };
        self.db.transaction_as(tenant, store).await?;
        Ok(delivery)
    }

    /// Retries one delivery now, whatever its state, with a fresh retry schedule. If the breaker is open, it is the next probe.
    pub async fn retry(&self, ctx: &Ctx, id: DeliveryId) -> Result<Delivery, Error> {
        let tenant = ctx.tenant;
        let missing = || Error::NotFound(format!("delivery {id}"));
        let found = deliveries::find(self.db.reader(), tenant, id)
            .await?
            .ok_or_else(missing)?;
        self.enabled(tenant, found.endpoint_id).await?;
        let now = self.clock.now();
        let endpoint = EndpointKey {
            tenant,
            id: found.endpoint_id,
        };
        let requeue = async |tx: &mut Tx| {
            let requeued = deliveries::requeue(tx, endpoint, &[id], now).await?;
            probe_with(tx, endpoint, id, now).await.map(|()| requeued)
        };
        if self.db.transaction_as(tenant, requeue).await? == 0 {
            return Err(missing());
        }
        deliveries::find(self.db.reader(), tenant, id)
            .await?
            .ok_or_else(missing)
    }

    /// Replays a bounded number of deliveries: call again with the cursor until there is none. The `webhook-id` stays the same, and a
    /// repeated call does not repeat a delivery that is still pending.
    pub async fn replay(&self, ctx: &Ctx, id: EndpointId, replay: Replay) -> Result<ReplayOutcome, Error> {
        let tenant = ctx.tenant;
        let endpoint = self.enabled(tenant, id).await?;
        let unknown = || Invalid::new("cursor", "is not the cursor of a replay; pass the last one unchanged");
        let cursor = replay
            .cursor
            .as_deref()
            .map(|text| ReplayCursor::parse(text).ok_or_else(unknown));
        let cursor = cursor.transpose()?;
        let to = replay.to.or(cursor.map(|it| it.to));
        let range = self
            .range(tenant, &replay, to.unwrap_or_else(|| self.clock.now()))
            .await?;
        let begin = ReplayPosition::Delivered(first_uuid_at(range.from));
        let mut position = Some(cursor.map_or(begin, |it| it.position));
        let mut replayed = 0;
        for _ in 0..MAX_PAGES {
            let Some(at) = position else { break };
            let (count, next) = match at {
                ReplayPosition::Delivered(after) => self.replay_delivered(&endpoint, after, &range).await?,
                ReplayPosition::Missing(after) => match &range.missing {
                    Some(recorded) => {
                        let types = &range.types;
                        self.replay_missing(&endpoint, after, recorded, types).await?
                    }
                    None => (0, None),
                },
            };
            replayed += count;
            position = next;
        }
        metrics::counter!("mainstay_deliveries_replayed_total").increment(replayed);
        Ok(ReplayOutcome {
            replayed,
            breaker: OpenBreaker::of(&endpoint.health),
            cursor: position.map(|position| ReplayCursor { to: range.to, position }.encode()),
        })
    }

    async fn replay_delivered(
        &self,
        endpoint: &Endpoint,
        after: Uuid,
        range: &ReplayRange,
    ) -> Result<(u64, Option<ReplayPosition>), Error> {
        let then = range.missing.map(|_| ReplayPosition::Missing(0));
        if range.states.is_empty() {
            return Ok((0, then));
        }
        let page = deliveries::replay_page(&self.db, endpoint, (after, range.to), &range.states, &range.types).await?;
        let next = page.next.map(|id| ReplayPosition::Delivered(id.uuid())).or(then);
        if page.chosen.is_empty() {
            return Ok((0, next));
        }
        let (key, now) = (endpoint.key(), self.clock.now());
        let requeue = async |tx: &mut Tx| deliveries::requeue(tx, key, &page.chosen, now).await;
        Ok((self.db.transaction_as(key.tenant, requeue).await?, next))
    }

    async fn replay_missing(
        &self,
        endpoint: &Endpoint,
        after: i64,
        recorded: &SequenceRange,
        types: &EventTypes,
    ) -> Result<(u64, Option<ReplayPosition>), Error> {
        let page = deliveries::missing_page(&self.db, endpoint, after, recorded, types).await?;
        let next = page.next.map(ReplayPosition::Missing);
        if page.chosen.is_empty() {
            return Ok((0, next));
        }
        let now = self.clock.now();
        let deliver = async |tx: &mut Tx| deliveries::deliver_missing(tx, endpoint, &page.chosen, now).await;
        Ok((self.db.transaction_as(endpoint.tenant_id, deliver).await?, next))
    }

    async fn enabled(&self, tenant: TenantId, id: EndpointId) -> Result<Endpoint, Error> {
        let endpoint = self.find(tenant, id).await?;
        match endpoint.is_enabled() {
            true => Ok(endpoint),
            false => Err(Error::Conflict(format!("endpoint {id} is disabled; enable it first"))),
        }
    }

    async fn range(&self, tenant: TenantId, replay: &Replay, to: DateTime<Utc>) -> Result<ReplayRange, Error> {
        if replay.from >= to {
            return Err(Invalid::new("from", "the range is empty: it must be before `to`").into());
        }
        if replay.states.is_empty() {
            return Err(Invalid::new("states", "name some of done, dead and missing").into());
        }
        let everything = vec!["*".to_owned()];
        let types = event_types(replay.event_types.as_ref().unwrap_or(&everything))?;
        let state = |it: &ReplayState| match it {
            ReplayState::Done => Some(DeliveryState::Done),
            ReplayState::Dead => Some(DeliveryState::Dead),
            ReplayState::Missing => None,
        };
        let missing = match replay.states.contains(&ReplayState::Missing) {
            true => Some(SequenceRange::find(&self.db, tenant, replay.from, to).await?),
            false => None,
        };
        Ok(ReplayRange {
            from: replay.from,
            to,
            states: replay.states.iter().filter_map(state).collect(),
            missing,
            types,
        })
    }
}
