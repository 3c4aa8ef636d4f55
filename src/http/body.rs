//! Bodies of requests: read up to a limit, and understood as JSON, with the member named that will not do.

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{nul, problem::Problem};

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    TooLarge,
    Broken,
}

/// The whole body, or a problem. Every 413 that is not about a file or a webhook is made here.
pub async fn whole(body: Body, limit: usize) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Problem::too_large(limit));
    }
    read(body, limit).await.map_err(|why| match why {
        Unread::TooLarge => Problem::too_large(limit),
        Unread::Broken => Problem::invalid("The body broke off. Send it again."),
    })
}

/// Most bodies arrive in one piece, which is passed on as it is.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let mut pieces = body.into_data_stream();
    let mut whole = match pieces.next().await {
        None => return Ok(Bytes::new()),
        Some(first) => first.map_err(|_| Unread::Broken)?,
    };
    let mut joined: Option<BytesMut> = None;
    loop {
        if joined.as_ref().map_or(whole.len(), BytesMut::len) > limit {
            return Err(Unread::TooLarge);
        }
        let Some(piece) = pieces.next().await else {
            return Ok(joined.map_or(whole, BytesMut::freeze));
        };
        let piece = piece.map_err(|_| Unread::Broken)?;
        joined
            .get_or_insert_with(|| BytesMut::from(std::mem::take(&mut whole)))
            .extend_from_slice(&piece);
    }
}

/// Whether a body is said to be JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let sub = kind.strip_prefix("application/");
    sub.is_some_and(|sub| sub == "json" || sub.ends_with("+json"))
}

/// What a body says. No text in it may hold a NUL.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if nul::may_be_in(body) {
        parse_parts::<nul::Free>(body)?;
    }
    parse_parts(body)
}

/// The same for a body whose parts are each [understood](understand) or [parsed](parse) later: it does not look for NUL.
pub fn parse_parts<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut from).map_err(misread)?;
    from.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

/// What a part of a body says. No text in it may hold a NUL.
pub fn understand<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize::<_, nul::Free>(&value).map_err(misread)?;
    serde_path_to_error::deserialize(value).map_err(misread)
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::invalid(format!("The body is no JSON: {error}."))
}

fn misread(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let error = error.into_inner();
    if error.classify() != Category::Data {
        return no_json(&error);
    }
    let words = error.to_string();
    // Where it stands is told by the member.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let words = words.strip_suffix(&place).unwrap_or(&words).trim_end_matches('.');
    let field = field(if path == "." { "" } else { &path }, words);
    match field.is_empty() {
        true => Problem::not_understood(format!("The body is not what is expected here: {words}.")),
        false => Problem::field(field.clone(), format!("{field}: {words}."), None),
    }
}

/// The member it is about. One that is missing, or that nobody knows, stands in the words and not in the path.
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
    use serde::Deserialize;

    use super::*;
    use crate::http::extract::Moment;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        name: String,
        at: Option<Moment>,
        list: Option<Vec<Inner>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Inner {
        count: u8,
    }

    fn refused(text: &str) -> (u16, Option<String>, String) {
        let problem = parse::<Outer>(text.as_bytes()).err().expect("it is refused");
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
        let whole = refused("[]");
        assert_eq!((whole.0, whole.1), (422, None), "it is about the whole: {}", whole.2);
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
        let outer: Outer = parse(br#"{"name":"a\\u0000"}"#).expect("a backslash and five characters");
        assert_eq!(outer.name, r"a\u0000");
        let part = serde_json::json!({ "name": "x", "list": [{ "count": 1, "\0": 1 }] });
        assert!(understand::<Outer>(part).is_err());
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
        let pieces = |count: usize| {
            let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789")));
            Body::from_stream(futures::stream::iter(pieces))
        };
        assert_eq!(whole(pieces(3), 30).await.unwrap().len(), 30);
        for body in [pieces(4), Body::from(vec![0; 31])] {
            let problem = whole(body, 30).await.unwrap_err();
            let body = serde_json::to_value(problem.body()).unwrap();
            assert_eq!((&body["status"], &body["limit"]), (&413.into(), &30.into()));
        }
        let broken = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
        let problem = whole(Body::from_stream(broken), 30).await.unwrap_err();
        assert_eq!(serde_json::to_value(problem.body()).unwrap()["status"], 400);
    }
}
