//! The routes that Meta calls: the verification handshake and the webhooks. No middleware runs before these handlers, since each layer
//! would be paid tens of thousands of times a second.

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use metrics::{Counter, Histogram, counter, histogram};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{extract::Query, problem::Problem, signed_body::SignedBody, state::HttpState, verification::Verification};
use crate::{app::App, crypto, inbound::intake::NotStored};

pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(handshake, receive))
}

/// The metrics and the signature verification of the webhook route.
pub(crate) struct WebhookState {
    pub refused: RejectionCounters,
    acknowledged: Histogram,
    pub verification: Verification,
}

/// `mainstay_webhooks_rejected_total` by reason, looked up once.
pub(crate) struct RejectionCounters {
    pub too_large: Counter,
    pub unsigned: Counter,
    pub bad_signature: Counter,
    pub incomplete: Counter,
    pub no_room: Counter,
    pub full: Counter,
    pub unavailable: Counter,
    pub busy: Counter,
}

impl Default for WebhookState {
    fn default() -> Self {
        let refused = |reason: &'static str| counter!("mainstay_webhooks_rejected_total", "reason" => reason);
        Self {
            refused: RejectionCounters {
                too_large: refused("too_large"),
                unsigned: refused("unsigned"),
                bad_signature: refused("bad_signature"),
                incomplete: refused("incomplete"),
                no_room: refused("no_room"),
                full: refused("full"),
                unavailable: refused("unavailable"),
                busy: refused("busy"),
            },
            acknowledged: histogram!("mainstay_webhook_acknowledge_seconds"),
            verification: Verification::default(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Handshake {
    /// `subscribe`.
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    /// What was typed into Meta's form: META_VERIFY_TOKEN.
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    /// Echoed.
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Verify the webhook
///
/// Answers the challenge when the verify token is right.
#[utoipa::path(get, path = "/webhooks/whatsapp", params(Handshake),
    responses((status = 200, description = "The challenge, verbatim", body = String, content_type = "text/plain")))]
async fn handshake(State(app): State<App>, Query(asked): Query<Handshake>) -> Result<Response, Problem> {
    let expected = app.config.verify_token.as_ref().ok_or_else(|| {
        Problem::forbidden(
            "handshake-refused",
            "Set META_VERIFY_TOKEN to the word typed into Meta's webhook form.",
        )
    })?;
    let token = asked.verify_token.unwrap_or_default();
    match (asked.mode.as_deref(), asked.challenge) {
        (Some("subscribe"), Some(challenge)) if crypto::constant_time_eq(&token, expected.expose()) => {
            Ok(([(header::X_CONTENT_TYPE_OPTIONS, "nosniff")], challenge).into_response())
        }
        _ => Err(Problem::forbidden(
            "handshake-refused",
            "`hub.verify_token` is not META_VERIFY_TOKEN, or `hub.mode` is not `subscribe`, or there is no `hub.challenge`.",
        )),
    }
}

/// Receive a webhook
///
/// The exact bytes are stored, then the request is answered; processing comes after. Any object and any field is taken as long as
/// it is signed. An answer other than 200 makes Meta send it again, for up to seven days.
#[utoipa::path(post, path = "/webhooks/whatsapp",
    params(("x-hub-signature-256" = String, Header, description = "`sha256=` and the HMAC-SHA256 of the body under an app secret, in hexadecimal")),
    request_body(content = Object, description = "A webhook of Meta's", content_type = "application/json"),
    responses((status = 200, description = "Stored: its bytes are on disk")))]
async fn receive(State(state): State<HttpState>, arrived: Arrived, signed: SignedBody) -> Result<StatusCode, Problem> {
    let SignedBody(body, signer) = signed;
    match state.app.intake.store(body, signer).await {
        Ok(_) => {
            state.webhooks.acknowledged.record(arrived.0.elapsed().as_secs_f64());
            Ok(StatusCode::OK)
        }
        Err(error) => {
            match error {
                NotStored::Full => state.webhooks.refused.full.increment(1),
                NotStored::Unavailable => state.webhooks.refused.unavailable.increment(1),
            }
            Err(error.into())
        }
    }
}

/// The time at which the request's head had arrived.
struct Arrived(Instant);

impl<S: Sync> FromRequestParts<S> for Arrived {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Instant::now()))
    }
}
