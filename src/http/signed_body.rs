//! The extractor of webhook bodies, which verifies their signatures.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use std::time::Duration;

use super::{
    body::{UnverifiedBodyError, read_unverified},
    problem::Problem,
    state::HttpState,
    verification::VerifyError,
};
use crate::{crypto::Signer, directory::SignedBy};

/// Maximum time for a body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The exact bytes of a webhook and the owner of the app secret that signed them. A handler that takes it cannot forget the signature.
pub(crate) struct SignedBody(pub Bytes, pub SignedBy);

impl FromRequest<HttpState> for SignedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut body = body.into_data_stream();
        let limit = state.app.config.limits.body_bytes;
        let refused = &state.webhooks.refused;
        if length(&parts.headers).is_some_and(|length| length > limit as u64) {
            refused.too_large.increment(1);
            return Err(Problem::too_large(limit));
        }
        let Some(signature) = parts.headers.get("x-hub-signature-256") else {
            refused.unsigned.increment(1);
            return Err(not_signed("The header X-Hub-Signature-256 is missing."));
        };
        let Some(signature) = signature.to_str().ok().and_then(Signer::parse) else {
            refused.bad_signature.increment(1);
            return Err(not_signed(
                "The header X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits.",
            ));
        };
        // Released once the signature is verified: signed bytes are bounded by the backlog of the intake.
        let mut held = state.unverified.reservation();
        let read = read_unverified(&mut body, limit, &mut held);
        let body = match tokio::time::timeout(BODY_TIMEOUT, read).await {
            Ok(Ok(body)) => body,
            Ok(Err(UnverifiedBodyError::MemoryExhausted)) => {
                refused.no_room.increment(1);
                return Err(no_room());
            }
            Ok(Err(UnverifiedBodyError::TooLarge)) => {
                refused.too_large.increment(1);
                return Err(Problem::too_large(limit));
            }
            Ok(Err(UnverifiedBodyError::Broken)) | Err(_) => {
                refused.incomplete.increment(1);
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "incomplete",
                    "Incomplete request body",
                    "The connection broke or was too slow. Send it again.",
                ));
            }
        };
        match state
            .webhooks
            .verification
            .signed_by(&state.app, &body, signature)
            .await
        {
            Ok(Some(signer)) => Ok(Self(body, signer)),
            Ok(None) => {
                refused.bad_signature.increment(1);
                Err(not_signed(
                    "No app secret known here made this signature: check META_APP_SECRETS.",
                ))
            }
            Err(error) => {
                match error {
                    VerifyError::Busy => refused.busy.increment(1),
                    VerifyError::Database(_) => refused.unavailable.increment(1),
                }
                Err(error.into())
            }
        }
    }
}

fn not_signed(detail: &'static str) -> Problem {
    Problem::forbidden("not-signed", detail)
}

/// Returns a 503; Meta retries for seven days.
fn no_room() -> Problem {
    const DETAIL: &str =
        "Not stored: the webhooks under way hold as many bytes as they may (MAINSTAY_UNVERIFIED_BYTES). Send it again.";
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-stored",
        "Temporarily unavailable",
        DETAIL,
    )
    .retry_after(5)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
