use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use crate::{
    crypto::standard_webhooks::{self, ID, SIGNATURE, TIMESTAMP},
    egress::{Refused, Target},
    webhooks::{
        Error, Secrets, WebhookService, headers,
        store::{deliveries::Due, endpoints::Endpoint},
    },
};

/// Where requests go, and what goes with each.
pub struct Place {
    /// As judged now: what the operator allows may have changed since the address was given.
    pub target: Result<Target, Refused>,
    headers: HeaderMap,
    secrets: Secrets,
}

impl Place {
    /// Opens what is sealed.
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

    /// The headers of a request, signed. The id stays the same at each attempt, the time and the signature do not.
    pub fn headers(&self, due: &Due, body: &[u8], now: DateTime<Utc>) -> HeaderMap {
        let id = due.event_id.to_string();
        let signed = standard_webhooks::sign(self.secrets.at(now), &id, now, body);
        let mut headers = self.headers.clone();
        for (name, value) in [
            (ID, &id),
            (TIMESTAMP, &signed.timestamp),
            (SIGNATURE, &signed.signature),
        ] {
            let value = HeaderValue::try_from(value.as_str());
            headers.insert(name, value.expect("ids, digits and base64 go into a header"));
        }
        headers
    }
}

/// What is sent of an event: `{"type": …, "timestamp": …, "data": …}`; none if the event is kept no longer.
pub fn body(due: &Due) -> Option<Bytes> {
    let (occurred_at, data) = due.occurred_at.zip(due.data.as_deref())?;
    let at = occurred_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    // A type is letters, digits, dots and underscores: nothing in it wants escaping.
    Some(Bytes::from(format!(
        r#"{{"type":"{}","timestamp":"{at}","data":{data}}}"#,
        due.kind
    )))
}
