use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use super::{bearer, guesses::Kind, unauthorized};
use crate::{
    config::Secret,
    crypto,
    http::{edge::Edge, peer::Client, problem::Problem},
};

/// Proves that the caller knows the admin token.
pub struct Operator;

/// Proves that the caller may see metrics and the details of health: by the metrics token or the admin token, or because they are open here.
pub struct Watcher;

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Edge: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let edge = Edge::from_ref(state);
        let Some(expected) = &edge.app.config.admin_token else {
            const DETAIL: &str =
                "The operator's API is closed: set MAINSTAY_ADMIN_TOKEN to at least 16 characters and start again.";
            return Err(Problem::forbidden("admin-closed", DETAIL));
        };
        const DETAIL: &str = "Send the admin token: `Authorization: Bearer` and MAINSTAY_ADMIN_TOKEN.";
        prove(parts, &edge, Kind::Admin, &[expected], DETAIL).map(|()| Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Watcher
where
    Edge: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let edge = Edge::from_ref(state);
        if edge.watching_is_open {
            return Ok(Self);
        }
        let config = &edge.app.config;
        let tokens: Vec<&Secret> = config.metrics_token.iter().chain(&config.admin_token).collect();
        if tokens.is_empty() {
            const DETAIL: &str = "Metrics and the details of health are closed on this address: set MAINSTAY_METRICS_TOKEN and send it, or \
                 MAINSTAY_METRICS_LISTEN and ask there.";
            return Err(Problem::forbidden("metrics-closed", DETAIL));
        }
        const DETAIL: &str =
            "Send the metrics token: `Authorization: Bearer` and MAINSTAY_METRICS_TOKEN, or the admin token.";
        prove(parts, &edge, Kind::Metrics, &tokens, DETAIL).map(|()| Self)
    }
}

/// Compares the token of a request in constant time, unless its client guessed too often.
fn prove(parts: &Parts, edge: &Edge, kind: Kind, expected: &[&Secret], detail: &'static str) -> Result<(), Problem> {
    let Some(token) = bearer(&parts.headers) else {
        return Err(unauthorized(detail));
    };
    let Client(client) = Client::of(&parts.extensions, &parts.headers, edge);
    edge.guesses.admit(kind, client)?;
    if expected
        .iter()
        .any(|expected| crypto::constant_time_eq(token, expected.expose()))
    {
        return Ok(());
    }
    edge.guesses.wrong(kind, client);
    Err(unauthorized(detail))
}
