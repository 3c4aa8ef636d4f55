//! Creating, changing and deleting endpoints.

use super::{Error, Headers, WebhookService, address, event_types, headers, no_endpoint, retry_on_change, secrets};
use crate::{
    crypto::WebhookSecret,
    db::Tx,
    domain::{self, ChannelId, Ctx, EndpointId, Quota, TenantId},
    meta::message::Invalid,
    records::{channels, quotas},
    webhooks::store::endpoints::{self, Endpoint, EndpointHealth, EndpointKey, EndpointSettings},
};

/// Limits and defaults of concurrent requests to an endpoint, and of its rate.
pub const MOST_CONCURRENT: i64 = 100;
pub const DEFAULT_CONCURRENT: i64 = 10;
pub(crate) const MOST_PER_SECOND: i64 = 10_000;
const LONGEST_DESCRIPTION: usize = 500;
const MOST_CHANNELS: usize = 100;
/// The reason for an endpoint that a person disabled.
const BY_PERSON: &str = "disabled by its owner";

/// An endpoint to be created.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub description: Option<String>,
    /// Exact types, `family.*` or `*`.
    pub event_types: Vec<String>,
    /// Only events of these channels; by default all, including those of no channel.
    pub channels: Option<Vec<ChannelId>>,
    pub rate_limit_per_second: Option<i64>,
    pub headers: Headers,
    /// Whether the events of one conversation are delivered in order.
    pub ordered: bool,
    pub max_concurrent: Option<i64>,
    pub enabled: bool,
}

/// Changes to an endpoint; `None` leaves a setting as it is, an inner `None` removes it.
#[derive(Clone, Debug, Default)]
pub struct EndpointChanges {
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

impl EndpointChanges {
    /// Returns whether anything but `enabled` changes.
    fn has_settings(&self) -> bool {
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
    /// Creates an endpoint with a secret of its own. Events from now on are delivered to it.
    pub async fn create(&self, ctx: &Ctx, new: NewEndpoint) -> Result<Endpoint, Error> {
        let tenant = ctx.tenant;
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
            created_by: Some(ctx.actor.to_string()),
            revision: 0,
            health: EndpointHealth::default(),
        };
        let store = async |tx: &mut Tx| -> Result<(), Error> {
            quotas::admit(tx, tenant, Quota::Endpoints).await??;
            let key = self.key_in(tx, tenant).await?;
            endpoint.headers = headers::seal(&key, id, &wanted);
            endpoint.secret = secrets::seal(&key, id, &WebhookSecret::generate());
            endpoints::insert(tx.on(), &endpoint).await?;
            endpoints::insert_job(tx.on(), tenant, id, now).await?;
            Ok(())
        };
        self.db.transaction(store).await?;
        tracing::info!(tenant.id = %tenant, endpoint.id = %id, "an endpoint was added");
        Ok(endpoint)
    }

    /// Changes an endpoint and clears its failure history. If it is enabled or its URL changes, deliveries waiting for a retry are sent at
    /// once.
    pub async fn change(&self, ctx: &Ctx, id: EndpointId, changes: EndpointChanges) -> Result<Endpoint, Error> {
        let tenant = ctx.tenant;
        // Even without an effect: a caller may repeat the request after an error.
        let moved = changes.enabled == Some(true) || (changes.url.is_some() && changes.enabled.is_none());
        let attempt = || async {
            // Read before the key that secrets are sealed under: a key rotation in between changes the revision.
            let was = self.find(tenant, id).await?;
            let settings = match changes.has_settings() {
                true => Some(self.settings(&was, changes.clone()).await?),
                false => None,
            };
            let changed = self.try_change(&was, settings, changes.enabled).await?;
            Ok(changed.then_some(()))
        };
        retry_on_change(id, attempt).await?;
        if moved {
            self.expedite_deliveries(id).await?;
        }
        self.find(tenant, id).await
    }

    /// Stores the changes; returns false if the endpoint was changed since it was read.
    async fn try_change(
        &self,
        was: &Endpoint,
        settings: Option<EndpointSettings>,
        enabled: Option<bool>,
    ) -> Result<bool, Error> {
        let (key, now) = (was.key(), self.clock.now());
        let change = async |tx: &mut Tx| {
            if let Some(settings) = settings
                && endpoints::update(tx.on(), key, was.revision, settings, now).await? == 0
            {
                return Ok(false);
            }
            match enabled {
                Some(true) => endpoints::enable(tx.on(), key, now).await?,
                Some(false) => endpoints::disable(tx.on(), key, BY_PERSON, now).await?,
                None => 0,
            };
            endpoints::wake_after_commit(tx, [was.id]);
            Ok(true)
        };
        self.db.transaction_as(key.tenant, change).await
    }

    /// Deletes an endpoint and, later, its deliveries. Nothing more is sent to it.
    pub async fn remove(&self, ctx: &Ctx, id: EndpointId) -> Result<(), Error> {
        let tenant = ctx.tenant;
        match endpoints::delete(self.db.writer(), EndpointKey { tenant, id }, self.clock.now()).await? {
            0 => Err(no_endpoint(id)),
            _ => {
                tracing::info!(tenant.id = %tenant, endpoint.id = %id, "an endpoint was removed");
                Ok(())
            }
        }
    }

    /// Returns the names of the custom headers of each of a tenant's endpoints.
    pub async fn header_names(&self, tenant: TenantId, of: &[Endpoint]) -> Result<Vec<Vec<String>>, Error> {
        if of.iter().all(|it| it.headers.is_none()) {
            return Ok(vec![Vec::new(); of.len()]);
        }
        let key = self.key(tenant).await?;
        let names = |it: &Endpoint| Ok(headers::open(&key, it.id, it.headers.as_deref())?.into_keys().collect());
        of.iter().map(names).collect()
    }

    async fn settings(&self, was: &Endpoint, to: EndpointChanges) -> Result<EndpointSettings, Error> {
        let headers = match to.headers {
            Some(given) => {
                let key = self.key(was.tenant_id).await?;
                headers::seal(&key, was.id, &headers::check(&given)?)
            }
            None => was.headers.clone(),
        };
        Ok(EndpointSettings {
            url: match to.url {
                // A masked URL that is written back means no change.
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
    match domain::check_description(&text, LONGEST_DESCRIPTION) {
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
    Ok(within("max_concurrent", limit, MOST_CONCURRENT)?.unwrap_or(DEFAULT_CONCURRENT))
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
