use super::{Error, Headers, WebhookService, address, event_types, headers, no_endpoint, secrets, until_unchanged};
use crate::{
    crypto::WebhookSecret,
    db::Tx,
    domain::{self, ChannelId, EndpointId, Quota, TenantId},
    meta::message::Invalid,
    records::{channels, quotas},
    webhooks::store::endpoints::{self, Endpoint, Standing, Wishes},
};

/// Requests to an endpoint under way at a time, at most and unless said otherwise.
pub const MOST_CONCURRENT: i64 = 100;
pub const USUAL_CONCURRENT: i64 = 10;
pub const MOST_PER_SECOND: i64 = 10_000;
const LONGEST_DESCRIPTION: usize = 500;
const MOST_CHANNELS: usize = 100;
/// The reason of an endpoint that a person switched off.
const BY_PERSON: &str = "disabled by its owner";

/// An endpoint to be made.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub description: Option<String>,
    /// Exact types, `family.*` or `*`.
    pub event_types: Vec<String>,
    /// Only what happens on these channels; all, and what happens on none, unless given.
    pub channels: Option<Vec<ChannelId>>,
    pub rate_limit_per_second: Option<i64>,
    pub headers: Headers,
    /// Whether the events of one conversation come one after the other.
    pub ordered: bool,
    pub max_concurrent: Option<i64>,
    pub enabled: bool,
}

/// What is to be different about an endpoint; what is `None` stays as it is. An inner `None` takes away what was there.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub url: Option<String>,
    pub description: Option<Option<String>>,
    pub event_types: Option<Vec<String>>,
    pub channels: Option<Option<Vec<ChannelId>>>,
    pub rate_limit_per_second: Option<Option<i64>>,
    pub headers: Option<Headers>,
    pub ordered: Option<bool>,
    pub max_concurrent: Option<Option<i64>>,
    pub enabled: Option<bool>,
}

impl Changes {
    /// Whether it says anything but whether the endpoint is enabled.
    fn says_more_than_enabled(&self) -> bool {
        self.url.is_some()
            || self.description.is_some()
            || self.event_types.is_some()
            || self.channels.is_some()
            || self.rate_limit_per_second.is_some()
            || self.headers.is_some()
            || self.ordered.is_some()
            || self.max_concurrent.is_some()
    }
}

impl WebhookService {
    /// Makes an endpoint with a secret of its own. Events from now on go there.
    pub async fn create(&self, tenant: TenantId, new: NewEndpoint) -> Result<Endpoint, Error> {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let wanted = headers::check(&new.headers)?;
        let mut endpoint = Endpoint {
            id,
            tenant_id: tenant,
            url: address::check(&self.egress, &new.url)?,
            description: description(new.description)?,
            event_types: event_types(&new.event_types)?.to_json(),
            channels: self.channels(tenant, new.channels).await?,
            rate_limit_per_second: per_second(new.rate_limit_per_second)?,
            headers: None,
            ordered: new.ordered,
            max_concurrent: concurrent(new.max_concurrent)?,
            secret: Vec::new(),
            previous_secret: None,
            previous_secret_until: None,
            disabled_at: (!new.enabled).then_some(now),
            disabled_reason: (!new.enabled).then(|| BY_PERSON.to_owned()),
            created_at: now,
            updated_at: now,
            revision: 0,
            standing: Standing::default(),
        };
        let store = async |tx: &mut Tx| -> Result<(), Error> {
            quotas::admit(tx, tenant, Quota::Endpoints).await??;
            let key = self.key_within(tx, tenant).await?;
            endpoint.headers = headers::seal(&key, id, &wanted);
            endpoint.secret = secrets::seal(&key, id, &WebhookSecret::generate());
            endpoints::insert(&mut *tx, &endpoint).await?;
            endpoints::insert_line(tx, tenant, id, now).await?;
            Ok(())
        };
        self.db.transaction(store).await?;
        tracing::info!(tenant.id = %tenant, endpoint.id = %id, "an endpoint was added");
        Ok(endpoint)
    }

    /// Changes an endpoint. It counts as a place nothing is known of: failures before are forgotten. Where it is enabled or has another
    /// URL, what waits for its next attempt is sent at once.
    pub async fn change(&self, tenant: TenantId, id: EndpointId, changes: Changes) -> Result<Endpoint, Error> {
        // Also where it says what is so already: whoever repeats the call after an error means the same.
        let moved = changes.enabled == Some(true) || (changes.url.is_some() && changes.enabled.is_none());
        let attempt = || async {
            // Before the key that something is sealed under: a rotation of keys in between makes this another revision.
            let was = self.find(tenant, id).await?;
            let wishes = match changes.says_more_than_enabled() {
                true => Some(self.wishes(&was, changes.clone()).await?),
                false => None,
            };
            let changed = self.try_change(&was, wishes, changes.enabled).await?;
            Ok(changed.then_some(()))
        };
        until_unchanged(id, attempt).await?;
        if moved {
            self.send_waiting(id).await?;
        }
        self.find(tenant, id).await
    }

    /// Whether it was done: not if somebody else has changed the endpoint since it was read.
    async fn try_change(&self, was: &Endpoint, wishes: Option<Wishes>, enabled: Option<bool>) -> Result<bool, Error> {
        let (owner, now) = ((was.tenant_id, was.id), self.clock.now());
        let change = async |tx: &mut Tx| {
            if let Some(wishes) = wishes
                && endpoints::update(&mut *tx, owner, was.revision, wishes, now).await? == 0
            {
                return Ok(false);
            }
            match enabled {
                Some(true) => endpoints::enable(&mut *tx, owner, now).await?,
                Some(false) => endpoints::disable(&mut *tx, owner, BY_PERSON, now).await?,
                None => 0,
            };
            endpoints::wake_after(tx, [was.id]);
            Ok(true)
        };
        self.db.transaction(change).await
    }

    /// Removes an endpoint. Nothing more is sent there; its deliveries are gone with it.
    pub async fn remove(&self, tenant: TenantId, id: EndpointId) -> Result<(), Error> {
        match endpoints::delete(&self.db, (tenant, id), self.clock.now()).await? {
            0 => Err(no_endpoint(id)),
            _ => {
                tracing::info!(tenant.id = %tenant, endpoint.id = %id, "an endpoint was removed");
                Ok(())
            }
        }
    }

    /// The names of the headers that go with every request, for each of a tenant's endpoints.
    pub async fn header_names(&self, tenant: TenantId, of: &[Endpoint]) -> Result<Vec<Vec<String>>, Error> {
        if of.iter().all(|it| it.headers.is_none()) {
            return Ok(vec![Vec::new(); of.len()]);
        }
        let key = self.key(tenant).await?;
        let names = |it: &Endpoint| Ok(headers::open(&key, it.id, it.headers.as_deref())?.into_keys().collect());
        of.iter().map(names).collect()
    }

    async fn wishes(&self, was: &Endpoint, to: Changes) -> Result<Wishes, Error> {
        let headers = match to.headers {
            Some(given) => {
                let key = self.key(was.tenant_id).await?;
                headers::seal(&key, was.id, &headers::check(&given)?)
            }
            None => was.headers.clone(),
        };
        Ok(Wishes {
            url: match to.url {
                // As it was shown: whoever writes back what they read means no change.
                Some(url) if url.trim() != address::masked(&was.url) => address::check(&self.egress, &url)?,
                _ => was.url.clone(),
            },
            description: to
                .description
                .map_or_else(|| Ok(was.description.clone()), description)?,
            event_types: match to.event_types {
                Some(words) => event_types(&words)?.to_json(),
                None => was.event_types.clone(),
            },
            channels: match to.channels {
                Some(channels) => self.channels(was.tenant_id, channels).await?,
                None => was.channels.clone(),
            },
            rate_limit_per_second: to
                .rate_limit_per_second
                .map_or(Ok(was.rate_limit_per_second), per_second)?,
            headers,
            ordered: to.ordered.unwrap_or(was.ordered),
            max_concurrent: to.max_concurrent.map_or(Ok(was.max_concurrent), concurrent)?,
        })
    }

    async fn channels(&self, tenant: TenantId, wanted: Option<Vec<ChannelId>>) -> Result<Option<String>, Error> {
        let Some(mut wanted) = wanted else { return Ok(None) };
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() || wanted.len() > MOST_CHANNELS {
            let problem = format!("name 1 to {MOST_CHANNELS}, or leave it out for all of them");
            return Err(Invalid::new("channels", problem).limit(MOST_CHANNELS).into());
        }
        let own = channels::of_tenant(self.db.reader(), tenant).await?;
        if let Some(unknown) = wanted.iter().find(|id| own.iter().all(|it| it.id != **id)) {
            return Err(Invalid::new("channels", format!("there is no channel {unknown}")).into());
        }
        Ok(Some(serde_json::to_string(&wanted).expect("a list of ids is JSON")))
    }
}

fn description(text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match domain::description(&text, LONGEST_DESCRIPTION) {
        Ok(_) => Ok(Some(text)),
        Err(bad) => {
            let invalid = Invalid::new("description", bad.to_string());
            Err(invalid.limit(LONGEST_DESCRIPTION).into())
        }
    }
}

fn per_second(limit: Option<i64>) -> Result<Option<i64>, Error> {
    within("rate_limit_per_second", limit, MOST_PER_SECOND)
}

fn concurrent(limit: Option<i64>) -> Result<i64, Error> {
    Ok(within("max_concurrent", limit, MOST_CONCURRENT)?.unwrap_or(USUAL_CONCURRENT))
}

fn within(what: &str, number: Option<i64>, most: i64) -> Result<Option<i64>, Error> {
    match number {
        Some(number) if !(1..=most).contains(&number) => Err(Error::Invalid(Invalid {
            field: what.to_owned(),
            problem: format!("must be a whole number from 1 to {most}"),
            limit: u64::try_from(most).ok(),
        })),
        number => Ok(number),
    }
}
