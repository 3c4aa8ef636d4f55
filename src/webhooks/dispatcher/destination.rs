//! Where the requests of an endpoint go, and their headers and bodies.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use crate::{
    egress::{Target, UrlRefused},
    webhooks::{
        Error, Secrets, WebhookService, headers, request,
        store::{deliveries::DueDelivery, endpoints::Endpoint},
    },
};

/// The destination of an endpoint's requests, with its decrypted headers and secrets.
pub(crate) struct Destination {
    /// Checked now: the operator may have changed the allowed addresses since the URL was set.
    pub target: Result<Target, UrlRefused>,
    headers: HeaderMap,
    secrets: Secrets,
}

impl Destination {
    /// Decrypts the headers and secrets of an endpoint.
    pub async fn open(with: &WebhookService, endpoint: &Endpoint) -> Result<Self, Error> {
        let key = with.key(endpoint.tenant_id).await?;
        let given = headers::open(&key, endpoint.id, endpoint.headers.as_deref())?;
        let mut headers = headers::to_map(&given);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self {
            target: with.egress.check(&endpoint.url),
            headers,
            secrets: Secrets::open(&key, endpoint)?,
        })
    }

    /// Returns the signed headers of a request. The id is the same at each attempt, the time and the signature are not.
    pub fn headers(&self, due: &DueDelivery, body: &[u8], now: DateTime<Utc>) -> HeaderMap {
        let mut headers = self.headers.clone();
        request::sign(&mut headers, self.secrets.at(now), &due.event_id.to_string(), now, body);
        headers
    }
}

/// Returns the body of a request; `None` if the event is no longer stored.
pub fn body(due: &DueDelivery) -> Option<Bytes> {
    let (occurred_at, data) = due.occurred_at.zip(due.data.as_deref())?;
    Some(request::body(&due.kind, occurred_at, data))
}
