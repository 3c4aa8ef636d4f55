//! Custom headers of endpoints.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Error;
use crate::{
    crypto::SealingKey, domain::EndpointId, meta::message::Invalid, webhooks::store::endpoints::headers_purpose,
};

/// Custom headers sent with every request to an endpoint, by name. A value may be a password: it is encrypted at rest and never logged.
pub(crate) type Headers = BTreeMap<String, String>;

const MOST: usize = 20;
/// Maximum bytes of a name.
const LONGEST_NAME: usize = 100;
/// Maximum bytes of a value.
const LONGEST_VALUE: usize = 1_024;
/// Maximum bytes of all names and values together: many servers accept no more in a whole head.
const LONGEST: usize = 8_192;

/// Headers reserved for HTTP, the connection and the signature. Compared with `-` for `_`, since gateways and CGI treat the two alike.
const RESERVED: [&str; 18] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "date",
    "forwarded",
    "via",
];
/// Prefix reserved by Standard Webhooks.
const RESERVED_PREFIX: &str = "webhook-";

/// Checks custom headers and returns them with names in lower case.
pub(super) fn check(given: &Headers) -> Result<Headers, Error> {
    if given.len() > MOST {
        let invalid = Invalid::new("headers", format!("there are more than {MOST}"));
        return Err(invalid.limit(MOST).into());
    }
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > LONGEST {
        let invalid = Invalid::new("headers", format!("they have more than {LONGEST} bytes together"));
        return Err(invalid.limit(LONGEST).into());
    }
    let (mut checked, mut seen) = (Headers::new(), BTreeSet::new());
    for (name, value) in given {
        let name = check_name(name)?;
        let is_visible = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
        if value.len() > LONGEST_VALUE || !value.bytes().all(is_visible) {
            return bad(format!(
                "the value of {name} must be 0 to {LONGEST_VALUE} visible ASCII characters"
            ));
        }
        if !seen.insert(name.replace('_', "-")) {
            return bad(format!("{name} is there twice; `-` and `_` count as the same"));
        }
        checked.insert(name, value.clone());
    }
    Ok(checked)
}

fn check_name(given: &str) -> Result<String, Error> {
    let name = HeaderName::try_from(given).ok().filter(|_| given.len() <= LONGEST_NAME);
    let Some(name) = name else {
        let shown: String = given.chars().take(LONGEST_NAME).collect();
        return bad(format!(
            "{shown:?} is no name of a header of at most {LONGEST_NAME} bytes"
        ));
    };
    let plain = name.as_str().replace('_', "-");
    if RESERVED.contains(&plain.as_str()) || plain.starts_with(RESERVED_PREFIX) {
        return bad(format!("{name} is set by Mainstay; leave it out"));
    }
    Ok(name.as_str().to_owned())
}

fn bad<T>(what: String) -> Result<T, Error> {
    Err(Invalid::new("headers", what).into())
}

pub(super) fn seal(key: &SealingKey, endpoint: EndpointId, headers: &Headers) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(headers).ok().filter(|_| !headers.is_empty())?;
    Some(key.seal(&headers_purpose(endpoint), &text))
}

pub(super) fn open(key: &SealingKey, endpoint: EndpointId, sealed: Option<&[u8]>) -> Result<Headers, Error> {
    let Some(sealed) = sealed else {
        return Ok(Headers::new());
    };
    let open_secrets = key
        .open(&headers_purpose(endpoint), sealed)
        .map_err(|_| Error::KeyLost)?;
    serde_json::from_slice(&open_secrets).map_err(|_| Error::KeyLost)
}

/// Converts the headers for a request.
pub(super) fn to_map(headers: &Headers) -> HeaderMap {
    let read = |(name, value): (&String, &String)| {
        let mut value = HeaderValue::try_from(value.as_str()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name.as_str()).ok()?, value))
    };
    headers.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Headers {
        Headers::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn names_that_speak_for_us_and_values_that_break_out_are_refused() {
        assert_eq!(
            check(&one("X-Api-Key", "s3cret")).expect("it is good"),
            one("x-api-key", "s3cret")
        );
        assert!(check(&one("authorization", "Bearer x")).is_ok());
        for (name, value) in [
            ("Host", "a"),
            ("webhook-signature", "v1,x"),
            ("Webhook-Anything", "x"),
            ("content-type", "text/plain"),
            ("Transfer-Encoding", "chunked"),
            ("a b", "x"),
            ("", "x"),
            ("x-split", "a\r\nhost: b"),
            ("x-long", &"x".repeat(1_025)),
        ] {
            let error = check(&one(name, value)).expect_err(name).to_string();
            assert!(!error.contains("Bearer") && error.starts_with("headers: "), "{error}");
        }
        let twice = Headers::from([("X-A".to_owned(), "1".to_owned()), ("x-a".to_owned(), "2".to_owned())]);
        assert!(check(&twice).is_err());
    }

    #[test]
    fn sealed_headers_open_for_their_endpoint_alone() {
        let (key, mine, other) = (SealingKey::random(), id(1), id(2));
        let sealed = seal(&key, mine, &one("x-a", "b")).expect("there is one");
        assert_eq!(open(&key, mine, Some(&sealed)).expect("it opens"), one("x-a", "b"));
        assert!(open(&key, other, Some(&sealed)).is_err());
        assert_eq!(seal(&key, mine, &Headers::new()), None);
    }

    fn id(n: u128) -> EndpointId {
        crate::domain::Id::from_uuid(uuid::Uuid::from_u128(n))
    }
}
