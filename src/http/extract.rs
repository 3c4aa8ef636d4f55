//! Extractors like axum's, with problems as rejections.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};

use super::{
    BODY_BYTES,
    body::{parse_charged, read_json, read_optional_json},
    nul,
    problem::Problem,
    request_context,
};
use crate::domain::is_storable;

/// Extracts the path parameters.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::invalid("The address contains the character NUL."));
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(refusal) => {
                let text = refusal.body_text();
                let why = text.strip_prefix("Invalid URL: ").unwrap_or(&text);
                Err(Problem::invalid(format!("The address is not understood: {why}.")))
            }
        }
    }
}

/// Extracts the query parameters.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(name) = parts.uri.query().and_then(nul::in_query) {
            return Err(Problem::invalid(format!(
                "The parameter `{name}` contains the character NUL."
            )));
        }
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refusal) => {
                let text = refusal.body_text();
                let why = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                Err(Problem::invalid(format!("The parameters are not understood: {why}.")))
            }
        }
    }
}

/// Extracts a JSON body of at most [`BODY_BYTES`].
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let body = read_json(&head, body, BODY_BYTES).await?;
        Ok(Self(parse_charged(&request_context::memory(&head), &body)?))
    }
}

/// Extracts an optional JSON body. An empty body or `null` is the default.
pub(crate) struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let body = read_optional_json(&head, body, BODY_BYTES).await?;
        match body.is_empty() {
            true => Ok(Self(T::default())),
            false => Ok(Self(
                parse_charged::<Option<T>>(&request_context::memory(&head), &body)?.unwrap_or_default(),
            )),
        }
    }
}

/// An RFC 3339 time in a body or a query, of a year from 1 to 9999, which both databases hold.
pub(crate) struct Rfc3339(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read = DateTime::parse_from_rfc3339(&text);
        let time = read.map_err(|_| D::Error::custom("expected a time such as 2026-11-20T08:00:00Z"))?;
        match is_storable(time.to_utc()) {
            true => Ok(Self(time.to_utc())),
            false => Err(D::Error::custom("expected a time of the years 1 to 9999")),
        }
    }
}

/// Deserializes a nullable member to `Some`, for `deserialize_with`: null becomes `Some(None)`, an absent member stays `None` by `default`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
