//! Deliveries that somebody asks for: a test, one of them again, many of them again.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, WebhookService, event_types, sooner::probe_with};
use crate::{
    clock::first_uuid_at,
    db::Tx,
    domain::{DeliveryId, DeliveryState, EndpointId, EventTypes, Id, TenantId, delivery_id, is_storable},
    events::endpoint::{TEST, Test},
    meta::message::Invalid,
    records::events::{self, NewEvent, Recorded},
    webhooks::store::{
        deliveries::{self, Delivery},
        endpoints::Endpoint,
    },
};

/// Pages looked at in one call: a range of any size takes several, and none of them for long.
const PAGES: usize = 20;

/// Which deliveries shall be made again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Of events that happened from then on.
    pub from: DateTime<Utc>,
    /// And before then; until the first call unless given.
    pub to: Option<DateTime<Utc>>,
    pub states: Vec<ReplayState>,
    /// Like an endpoint's; all unless given.
    pub event_types: Option<Vec<String>>,
    /// Where the call before stopped.
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayState {
    Done,
    Dead,
    /// Events that the endpoint wants and never had, for instance because it was disabled when they happened.
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

/// What a call to replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Deliveries that are made again.
    pub replayed: u64,
    /// Where the next call goes on; none when everything was looked at.
    pub cursor: Option<String>,
}

/// Where a replay goes on, and until when it goes: what is delivered between two calls is not of it.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    to: DateTime<Utc>,
    place: Place,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (to, place) = text.split_once(':')?;
        Some(Self {
            to: DateTime::from_timestamp_micros(to.parse().ok()?).filter(|to| is_storable(*to))?,
            place: Place::parse(place)?,
        })
    }

    fn text(self) -> String {
        format!("{}:{}", self.to.timestamp_micros(), self.place.text())
    }
}

/// Where a replay stands: first what was delivered before, then what is missing.
#[derive(Clone, Copy, Debug)]
enum Place {
    Had(Uuid),
    Missing(i64),
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("had", id) => Some(Place::Had(id.parse::<DeliveryId>().ok()?.uuid())),
            ("missing", sequence) => Some(Place::Missing(sequence.parse().ok()?)),
            _ => None,
        }
    }

    fn text(self) -> String {
        match self {
            Place::Had(id) => format!("had:{}", DeliveryId::from_uuid(id)),
            Place::Missing(sequence) => format!("missing:{sequence}"),
        }
    }
}

/// A replay with what it says checked.
struct Range {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    states: Vec<DeliveryState>,
    missing: Option<Recorded>,
    types: EventTypes,
}

impl WebhookService {
    /// Sends an event made up for the purpose to an endpoint and to no other, and tells by which delivery. One that is disabled is not
    /// tested; one whose breaker is open is tried with it now.
    pub async fn test(&self, tenant: TenantId, id: EndpointId) -> Result<DeliveryId, Error> {
        self.enabled(tenant, id).await?;
        let now = self.clock.now();
        let event = NewEvent::new(&self.clock, tenant, &TEST, now, &Test { endpoint_id: id });
        let delivery = delivery_id(event.id, id);
        let store = async |tx: &mut Tx| {
            let sequences = events::append_unconsumed(tx, std::slice::from_ref(&event), now).await?;
            for sequence in sequences {
                deliveries::deliver_to(tx, id, (&event, sequence), now).await?;
            }
            probe_with(tx, (tenant, id), delivery, now).await
        };
        self.db.transaction(store).await?;
        Ok(delivery)
    }

    /// Makes one delivery again, now, whatever became of it, with the whole schedule before it. Where the breaker is open, it is the next
    /// probe.
    pub async fn retry(&self, tenant: TenantId, id: DeliveryId) -> Result<Delivery, Error> {
        let missing = || Error::NotFound(format!("delivery {id}"));
        let found = deliveries::find(self.db.reader(), tenant, id)
            .await?
            .ok_or_else(missing)?;
        self.enabled(tenant, found.endpoint_id).await?;
        let (owner, now) = ((tenant, found.endpoint_id), self.clock.now());
        let again = async |tx: &mut Tx| {
            let again = deliveries::again(tx, owner, &[id], now).await?;
            probe_with(tx, owner, id, now).await.map(|()| again)
        };
        if self.db.transaction(again).await? == 0 {
            return Err(missing());
        }
        deliveries::find(self.db.reader(), tenant, id)
            .await?
            .ok_or_else(missing)
    }

    /// Makes deliveries again, a bounded number in one call: go on with the cursor until there is none. The `webhook-id` stays what it
    /// was, and asking twice makes no delivery twice that has not ended meanwhile.
    pub async fn replay(&self, tenant: TenantId, id: EndpointId, replay: Replay) -> Result<Replayed, Error> {
        let endpoint = self.enabled(tenant, id).await?;
        let unknown = || Invalid::new("cursor", "it is not one of a replay; pass the last one unchanged");
        let cursor = replay
            .cursor
            .as_deref()
            .map(|text| Cursor::parse(text).ok_or_else(unknown));
        let cursor = cursor.transpose()?;
        let to = replay.to.or(cursor.map(|it| it.to));
        let range = self
            .range(tenant, &replay, to.unwrap_or_else(|| self.clock.now()))
            .await?;
        let begin = Place::Had(first_uuid_at(range.from));
        let mut place = Some(cursor.map_or(begin, |it| it.place));
        let mut replayed = 0;
        for _ in 0..PAGES {
            let Some(at) = place else { break };
            let (count, next) = match at {
                Place::Had(after) => self.replay_had(&endpoint, after, &range).await?,
                Place::Missing(after) => match &range.missing {
                    Some(recorded) => {
                        let types = &range.types;
                        self.replay_missing(&endpoint, after, recorded, types).await?
                    }
                    None => (0, None),
                },
            };
            replayed += count;
            place = next;
        }
        metrics::counter!("mainstay_deliveries_replayed_total").increment(replayed);
        Ok(Replayed {
            replayed,
            cursor: place.map(|place| Cursor { to: range.to, place }.text()),
        })
    }

    async fn replay_had(&self, endpoint: &Endpoint, after: Uuid, range: &Range) -> Result<(u64, Option<Place>), Error> {
        let then = range.missing.map(|_| Place::Missing(0));
        if range.states.is_empty() {
            return Ok((0, then));
        }
        let page = deliveries::replay_page(&self.db, endpoint, (after, range.to), &range.states, &range.types).await?;
        let next = page.next.map(|id| Place::Had(id.uuid())).or(then);
        if page.chosen.is_empty() {
            return Ok((0, next));
        }
        let (owner, now) = ((endpoint.tenant_id, endpoint.id), self.clock.now());
        let again = async |tx: &mut Tx| deliveries::again(tx, owner, &page.chosen, now).await;
        Ok((self.db.transaction(again).await?, next))
    }

    async fn replay_missing(
        &self,
        endpoint: &Endpoint,
        after: i64,
        recorded: &Recorded,
        types: &EventTypes,
    ) -> Result<(u64, Option<Place>), Error> {
        let page = deliveries::missing_page(&self.db, endpoint, after, recorded, types).await?;
        let next = page.next.map(Place::Missing);
        if page.chosen.is_empty() {
            return Ok((0, next));
        }
        let now = self.clock.now();
        let deliver = async |tx: &mut Tx| deliveries::deliver_missing(tx, endpoint, &page.chosen, now).await;
        Ok((self.db.transaction(deliver).await?, next))
    }

    async fn enabled(&self, tenant: TenantId, id: EndpointId) -> Result<Endpoint, Error> {
        let endpoint = self.find(tenant, id).await?;
        match endpoint.is_enabled() {
            true => Ok(endpoint),
            false => Err(Error::Conflict(format!("endpoint {id} is disabled; enable it first"))),
        }
    }

    async fn range(&self, tenant: TenantId, replay: &Replay, to: DateTime<Utc>) -> Result<Range, Error> {
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
            true => Some(Recorded::find(&self.db, tenant, (replay.from, to)).await?),
            false => None,
        };
        Ok(Range {
            from: replay.from,
            to,
            states: replay.states.iter().filter_map(state).collect(),
            missing,
            types,
        })
    }
}
