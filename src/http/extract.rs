//! The extractors of axum, with problems for refusals.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::problem::Problem;

/// The parameters in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(refusal) => Err(Problem::invalid(refusal.body_text())),
        }
    }
}

/// The parameters after the question mark.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // PostgreSQL cannot hold it in a text, and nobody means it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::invalid("A parameter contains the character NUL."));
        }
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refusal) => Err(Problem::invalid(refusal.body_text())),
        }
    }
}

/// A body in JSON.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body must be JSON",
                "Send the header `Content-Type: application/json`.",
            )),
            Err(refusal) => {
                let status = refusal.status();
                Err(Problem::new(
                    status,
                    "invalid-request",
                    "The request is not understood",
                    refusal.body_text(),
                ))
            }
        }
    }
}

/// For a member of a body that may be null: `deserialize_with` this tells null from what is not there, which it leaves to `default`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
