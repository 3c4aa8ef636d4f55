use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use super::{bearer_token, guesses::TokenKind, unauthorized};
use crate::{
    config::Secret,
    crypto,
    http::{peer::ClientAddress, problem::Problem, state::HttpState},
};

/// Proves that the caller has the admin token.
pub struct Operator;

/// Proves that the caller may see metrics and the details of health: by the metrics or the admin token, or because they are public here.
pub(crate) struct MetricsAccess;

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    HttpState: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let state = HttpState::from_ref(state);
        let Some(expected) = &state.app.config.admin_token else {
            const DETAIL: &str =
                "The operator's API is closed: set MAINSTAY_ADMIN_TOKEN to at least 16 characters and start again.";
            return Err(Problem::forbidden("admin-closed", DETAIL));
        };
        const DETAIL: &str = "Send the admin token: `Authorization: Bearer` and MAINSTAY_ADMIN_TOKEN.";
        check_token(parts, &state, TokenKind::Admin, &[expected], DETAIL).map(|()| Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MetricsAccess
where
    HttpState: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let state = HttpState::from_ref(state);
        if state.metrics_are_public {
            return Ok(Self);
        }
        let config = &state.app.config;
        let tokens: Vec<&Secret> = config.metrics_token.iter().chain(&config.admin_token).collect();
        if tokens.is_empty() {
            const DETAIL: &str = "Metrics and the details of health are closed on this address: set MAINSTAY_METRICS_TOKEN and send it, or \
                 MAINSTAY_METRICS_LISTEN and ask there.";
            return Err(Problem::forbidden("metrics-closed", DETAIL));
        }
        const DETAIL: &str =
            "Send the metrics token: `Authorization: Bearer` and MAINSTAY_METRICS_TOKEN, or the admin token.";
        check_token(parts, &state, TokenKind::Metrics, &tokens, DETAIL).map(|()| Self)
    }
}

/// Compares the token of a request in constant time, unless its client is blocked for guessing.
fn check_token(
    parts: &Parts,
    state: &HttpState,
    kind: TokenKind,
    expected: &[&Secret],
    detail: &'static str,
) -> Result<(), Problem> {
    let Some(token) = bearer_token(&parts.headers) else {
        return Err(unauthorized(detail));
    };
    let ClientAddress(client) = ClientAddress::of(&parts.extensions, &parts.headers, state);
    state.guesses.admit(kind, client)?;
    if expected
        .iter()
        .any(|expected| crypto::constant_time_eq(token, expected.expose()))
    {
        return Ok(());
    }
    state.guesses.penalize(kind, client);
    Err(unauthorized(detail))
}
