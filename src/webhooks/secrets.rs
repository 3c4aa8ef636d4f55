//! The signing secrets of endpoints.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, WebhookService, retry_on_change};
use crate::{
    crypto::{SealingKey, WebhookSecret},
    domain::{Ctx, EndpointId, TenantId},
    webhooks::store::endpoints::{self, Endpoint, secrets_purpose},
};

/// How long the previous secret signs besides the new one.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The secrets that sign the requests to an endpoint.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub current: WebhookSecret,
    /// The previous secret, and until when it signs.
    pub previous: Option<(WebhookSecret, DateTime<Utc>)>,
}

impl Secrets {
    pub(super) fn open(key: &SealingKey, endpoint: &Endpoint) -> Result<Self, Error> {
        let open = |sealed: &[u8]| {
            let open_secrets = key
                .open(&secrets_purpose(endpoint.id), sealed)
                .map_err(|_| Error::KeyLost)?;
            let text = std::str::from_utf8(&open_secrets).map_err(|_| Error::KeyLost)?;
            WebhookSecret::parse(text).map_err(|_| Error::KeyLost)
        };
        let previous = endpoint.previous_secret.as_deref().zip(endpoint.previous_secret_until);
        Ok(Self {
            current: open(&endpoint.secret)?,
            previous: previous
                .map(|(sealed, until)| Ok::<_, Error>((open(sealed)?, until)))
                .transpose()?,
        })
    }

    /// Returns the secrets that sign at this time.
    pub(super) fn at(&self, now: DateTime<Utc>) -> impl Iterator<Item = &WebhookSecret> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        std::iter::once(&self.current).chain(previous.map(|(secret, _)| secret))
    }

    /// Drops a previous secret that signs no longer.
    fn unexpired(mut self, now: DateTime<Utc>) -> Self {
        self.previous = self.previous.filter(|(_, until)| now < *until);
        self
    }
}

impl WebhookService {
    pub async fn secrets(&self, ctx: &Ctx, id: EndpointId) -> Result<Secrets, Error> {
        let tenant = ctx.tenant;
        let (.., secrets) = self.open_secrets(tenant, id).await?;
        Ok(secrets.unexpired(self.clock.now()))
    }

    /// Loads an endpoint, its tenant's key and its secrets. Reads them again if the key was rotated between the two reads.
    async fn open_secrets(&self, tenant: TenantId, id: EndpointId) -> Result<(Endpoint, SealingKey, Secrets), Error> {
        let mut failed = None;
        loop {
            let endpoint = self.find(tenant, id).await?;
            let key = self.key(tenant).await?;
            match Secrets::open(&key, &endpoint) {
                Err(Error::KeyLost) if failed != Some(endpoint.revision) => failed = Some(endpoint.revision),
                secrets => return Ok((endpoint, key, secrets?)),
            }
        }
    }

    /// Rotates the secret of an endpoint; the previous one signs for 24 hours more. A secret replaced less than 24 hours before
    /// signs no longer.
    pub async fn rotate(&self, ctx: &Ctx, id: EndpointId) -> Result<Secrets, Error> {
        let tenant = ctx.tenant;
        let current = WebhookSecret::generate();
        let attempt = || async {
            let (was, key, before) = self.open_secrets(tenant, id).await?;
            let now = self.clock.now();
            let (sealed, until) = (seal(&key, id, &current), now + OVERLAP);
            let set = endpoints::set_secret(self.db.writer(), was.key(), was.revision, sealed, until, now).await?;
            Ok((set > 0).then_some((before.current, until)))
        };
        let previous = Some(retry_on_change(id, attempt).await?);
        tracing::info!(tenant.id = %tenant, endpoint.id = %id, "an endpoint has a new secret");
        Ok(Secrets { current, previous })
    }
}

pub(super) fn seal(key: &SealingKey, endpoint: EndpointId, secret: &WebhookSecret) -> Vec<u8> {
    key.seal(&secrets_purpose(endpoint), secret.expose().as_bytes())
}
