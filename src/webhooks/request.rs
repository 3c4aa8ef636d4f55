//! The form of a request that carries an event: body and signed headers, by Standard Webhooks.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, HeaderValue};

use crate::crypto::{
    WebhookSecret,
    standard_webhooks::{self, ID, SIGNATURE, TIMESTAMP},
};

/// Returns the body of a request, `{"type": …, "timestamp": …, "data": …}`.
pub(crate) fn body(kind: &str, occurred_at: DateTime<Utc>, data: &str) -> Bytes {
    let at = occurred_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    // A type consists of letters, digits, dots and underscores, which need no escaping.
    Bytes::from(format!(r#"{{"type":"{kind}","timestamp":"{at}","data":{data}}}"#))
}

/// Adds the id, the time and the signature of a request.
pub(crate) fn sign<'s>(
    headers: &mut HeaderMap,
    secrets: impl IntoIterator<Item = &'s WebhookSecret>,
    id: &str,
    now: DateTime<Utc>,
    body: &[u8],
) {
    let signed = standard_webhooks::sign(secrets, id, now, body);
    for (name, value) in [
        (ID, id),
        (TIMESTAMP, signed.timestamp.as_str()),
        (SIGNATURE, signed.signature.as_str()),
    ] {
        let value = HeaderValue::try_from(value);
        headers.insert(name, value.expect("ids, digits and base64 go into a header"));
    }
}
