//! Reads request bodies up to a limit and parses them as JSON; the problem names the invalid member.

mod serde_message;
mod unverified;
mod weight;

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;

pub(crate) use unverified::{UnverifiedBodyError, read_unverified};
pub(crate) use weight::weight;
use weight::{MOST_VALUES, weight_up_to};

use super::{BODY_BYTES, nul, problem::Problem, request_context};
use crate::memory::{MemoryExhausted, RequestMemory};

/// Maximum time a long body waits for other bodies of its tenant.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Reads the whole body and charges it to the request as it arrives. Makes every 413 except those about files and webhooks.
pub(crate) async fn read_body(memory: &RequestMemory, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let limit = limit.min(memory.max_body_bytes());
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(Problem::too_large(limit));
    }
    // A long body waits before it is read, not half way through.
    match usize::try_from(announced).unwrap_or(limit) {
        announced if announced > BODY_BYTES => memory.reserve_body(announced, MAX_WAIT).await?,
        _ => {}
    }
    collect(body, limit, |bytes| memory.charge(bytes))
        .await
        .map_err(|why| match why {
            ReadError::TooLarge => Problem::too_large(limit),
            ReadError::Broken => Problem::invalid("The body broke off. Send it again."),
            ReadError::MemoryExhausted(why) => why.into(),
        })
}

/// Reads the whole body of a request that must be JSON. Makes every 415 except those about files, as does [`read_optional_json`].
pub(crate) async fn read_json(head: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    if !is_json(&head.headers) {
        return Err(not_json());
    }
    read_body(&request_context::memory(head), body, limit).await
}

/// Reads a JSON body that may be omitted, and with it the `Content-Type`.
pub(crate) async fn read_optional_json(head: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let body = read_body(&request_context::memory(head), body, limit).await?;
    match body.is_empty() || is_json(&head.headers) {
        true => Ok(body),
        false => Err(not_json()),
    }
}

fn not_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not-json",
        "Request body must be JSON",
        "Send the header `Content-Type: application/json`.",
    )
}

/// Why a body was not read to its end.
enum ReadError {
    TooLarge,
    Broken,
    MemoryExhausted(MemoryExhausted),
}

/// Reads a body into one buffer. Most bodies arrive in one piece, which is passed on as it is. For others the announced length is allocated,
/// which takes no memory before it is written to.
async fn collect(
    body: Body,
    limit: usize,
    mut charge: impl FnMut(usize) -> Result<(), MemoryExhausted>,
) -> Result<Bytes, ReadError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    let mut pieces = body.into_data_stream();
    let (mut read_body, mut joined, mut length) = (Bytes::new(), None::<BytesMut>, 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| ReadError::Broken)?;
        length += piece.len();
        if length > limit {
            return Err(ReadError::TooLarge);
        }
        charge(piece.len()).map_err(ReadError::MemoryExhausted)?;
        if read_body.is_empty() && joined.is_none() {
            read_body = piece;
            continue;
        }
        let joined = joined.get_or_insert_with(|| {
            let mut joined = BytesMut::with_capacity(announced.max(length));
            joined.extend_from_slice(&std::mem::take(&mut read_body));
            joined
        });
        joined.extend_from_slice(&piece);
    }
    Ok(joined.map_or(read_body, BytesMut::freeze))
}

/// Returns whether the `Content-Type` is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let sub = kind.strip_prefix("application/");
    sub.is_some_and(|sub| sub == "json" || sub.ends_with("+json"))
}

/// Parses a body and charges the parsed value to the request. Rejects texts that hold a NUL.
pub(crate) fn parse_charged<T: DeserializeOwned>(memory: &RequestMemory, body: &[u8]) -> Result<T, Problem> {
    parse_charged_up_to(memory, body, MOST_VALUES)
}

/// As [`parse_charged`], for a body of at most so many values.
pub(crate) fn parse_charged_up_to<T: DeserializeOwned>(
    memory: &RequestMemory,
    body: &[u8],
    most: usize,
) -> Result<T, Problem> {
    memory.charge(weight_up_to(body, most)?)?;
    // serde would also accept a list in place of a struct's object.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::unprocessable(
            "The body must be an object, `{…}`, and not a list.",
        ));
    }
    decode(body)
}

/// Parses a JSON text without charging it: for text that was weighed, and for types that borrow. Rejects texts that hold a NUL.
pub fn decode<'t, T: Deserialize<'t>>(body: &'t [u8]) -> Result<T, Problem> {
    if nul::may_be_in(body) {
        decode_parts::<nul::Free>(body)?;
    }
    decode_parts(body)
}

/// Parses a body whose parts are decoded later, one by one: it does not look for NUL.
pub(crate) fn decode_parts<'t, T: Deserialize<'t>>(body: &'t [u8]) -> Result<T, Problem> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut from).map_err(decode_problem)?;
    from.end().map_err(|error| syntax_problem(&error))?;
    Ok(value)
}

/// Parses a part of a body.
pub(crate) fn decode_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(decode_problem)
}

fn syntax_problem(error: &serde_json::Error) -> Problem {
    Problem::invalid(format!("The body is no JSON: {error}."))
}

fn decode_problem(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let error = error.into_inner();
    if error.classify() != Category::Data {
        return syntax_problem(&error);
    }
    let words = error.to_string();
    // The problem names the member instead of the position.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let words = words.strip_suffix(&place).unwrap_or(&words).trim_end_matches('.');
    let field = field(if path == "." { "" } else { &path }, words);
    let words = serde_message::rewrite(words);
    match field.is_empty() {
        true => Problem::unprocessable(format!("The body is not what is expected here: {words}.")),
        false => Problem::invalid_field(field.clone(), format!("{field}: {words}."), None),
    }
}

/// Returns the path of the member that an error is about. serde names a missing or unknown member in the message, not in the path.
fn field(path: &str, words: &str) -> String {
    let named = ["missing field `", "unknown field `"];
    let name = named
        .iter()
        .find_map(|start| words.strip_prefix(start)?.split('`').next());
    match name {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path != name && !path.ends_with(&format!(".{name}")) => format!("{path}.{name}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{http::extract::Rfc3339, memory::MemoryBudget};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        name: String,
        at: Option<Rfc3339>,
        list: Option<Vec<Inner>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Inner {
        count: u8,
    }

    fn refused(text: &str) -> (u16, Option<String>, String) {
        let problem = decode::<Outer>(text.as_bytes()).err().expect("it is refused");
        let body = serde_json::to_value(problem.body()).unwrap();
        let field = body["field"].as_str().map(str::to_owned);
        let status = u16::try_from(body["status"].as_u64().unwrap()).unwrap();
        (status, field, body["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn the_member_that_will_not_do_is_named() {
        for (text, field) in [
            ("{}", "name"),
            (r#"{"name":1}"#, "name"),
            (r#"{"name":"x","nom":1}"#, "nom"),
            (r#"{"name":"x","at":"yesterday"}"#, "at"),
            (r#"{"name":"x","list":[{"count":1},{}]}"#, "list[1].count"),
            (r#"{"name":"x","list":[{"count":1,"sum":2}]}"#, "list[0].sum"),
            (r#"{"name":"x","list":[{"count":1000}]}"#, "list[0].count"),
        ] {
            let (status, found, detail) = refused(text);
            assert_eq!((status, found.as_deref()), (422, Some(field)), "{text}: {detail}");
            assert!(detail.starts_with(field) && !detail.contains(" column "), "{detail}");
            assert!(detail.ends_with('.') && !detail.ends_with(".."), "{detail}");
        }
        let read_body = refused("[]");
        assert_eq!(
            (read_body.0, read_body.1),
            (422, None),
            "it is about the whole: {}",
            read_body.2
        );
        for text in ["{", r#"{"name":"x"} {}"#, "", "nothing"] {
            let (status, field, detail) = refused(text);
            assert_eq!((status, field), (400, None), "{text}: {detail}");
        }
    }

    #[test]
    fn a_nul_is_refused_wherever_it_stands_and_what_looks_like_one_is_not() {
        for (text, field) in [
            (r#"{"name":"a\u0000"}"#, "name"),
            (r#"{"name":"x","at":"\u0000"}"#, "at"),
            (r#"{"name":"x","unknown":[{"deep":"\u0000"}]}"#, "unknown[0].deep"),
        ] {
            let (status, found, detail) = refused(text);
            assert_eq!((status, found.as_deref()), (422, Some(field)), "{text}: {detail}");
            assert!(detail.contains("NUL"), "{detail}");
        }
        assert_eq!(refused(r#"{"na\u0000me":"x"}"#).0, 422);
        let outer: Outer = decode(br#"{"name":"a\\u0000"}"#).expect("a backslash and five characters");
        assert_eq!(outer.name, r"a\u0000");
    }

    #[test]
    fn json_is_known_by_its_type() {
        let of = |kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_json(&headers)
        };
        for kind in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/a+json",
        ] {
            assert!(of(kind), "{kind}");
        }
        for kind in [
            "text/plain",
            "text/json",
            "application/jsonp",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!of(kind), "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let memory = RequestMemory::new(Arc::new(MemoryBudget::new(1_000)));
        let pieces = |count: usize| {
            let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789")));
            Body::from_stream(futures::stream::iter(pieces))
        };
        assert_eq!(read_body(&memory, pieces(3), 30).await.unwrap().len(), 30);
        for body in [pieces(4), Body::from(vec![0; 31])] {
            let problem = read_body(&memory, body, 30).await.unwrap_err();
            let body = serde_json::to_value(problem.body()).unwrap();
            assert_eq!((&body["status"], &body["limit"]), (&413.into(), &30.into()));
        }
        let broken = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
        let problem = read_body(&memory, Body::from_stream(broken), 30).await.unwrap_err();
        assert_eq!(serde_json::to_value(problem.body()).unwrap()["status"], 400);
    }
}
