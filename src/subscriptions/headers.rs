use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Error;
use crate::{crypto::SealingKey, domain::EndpointId, meta::message::Invalid, store::endpoints::headers_purpose};

/// Headers that go with every request to an endpoint, by name. A value may be a password: it is sealed at rest and never logged.
pub type Headers = BTreeMap<String, String>;

const MOST: usize = 20;
const LONGEST_VALUE: usize = 1_024;

/// What HTTP or the signature says, and nobody else may.
const RESERVED: [&str; 16] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
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
];
/// Names that begin so are the specification's.
const RESERVED_PREFIX: &str = "webhook-";

/// Checks headers that somebody wants; names come out in lower case.
pub(super) fn check(given: &Headers) -> Result<Headers, Error> {
    let bad = |what: String| Err(Invalid::new("headers", what).into());
    if given.len() > MOST {
        let invalid = Invalid::new("headers", format!("there are more than {MOST}"));
        return Err(invalid.limit(MOST).into());
    }
    let mut checked = Headers::new();
    for (name, value) in given {
        let Ok(name) = HeaderName::try_from(name.as_str()) else {
            return bad(format!(
                "{:?} is no name of a header",
                name.chars().take(100).collect::<String>()
            ));
        };
        if RESERVED.contains(&name.as_str()) || name.as_str().starts_with(RESERVED_PREFIX) {
            return bad(format!("{name} is set by Mainstay; leave it out"));
        }
        if value.len() > LONGEST_VALUE || HeaderValue::try_from(value.as_str()).is_err() {
            return bad(format!(
                "the value of {name} must be 0 to {LONGEST_VALUE} visible characters"
            ));
        }
        if checked.insert(name.as_str().to_owned(), value.clone()).is_some() {
            return bad(format!("{name} is there twice"));
        }
    }
    Ok(checked)
}

pub(super) fn seal(key: &SealingKey, endpoint: EndpointId, headers: &Headers) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(headers).ok().filter(|_| !headers.is_empty())?;
    Some(key.seal(&headers_purpose(endpoint), &text))
}

pub(super) fn open(key: &SealingKey, endpoint: EndpointId, sealed: Option<&[u8]>) -> Result<Headers, Error> {
    let Some(sealed) = sealed else {
        return Ok(Headers::new());
    };
    let opened = key
        .open(&headers_purpose(endpoint), sealed)
        .map_err(|_| Error::KeyLost)?;
    serde_json::from_slice(&opened).map_err(|_| Error::KeyLost)
}

/// As they go over the wire.
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
