//! `Idempotency-Key` for every POST but messages: the answer is kept for 24 hours, and the same request with the same key gets it again
//! without being carried out twice. Messages store their keys in the transaction that creates them.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::{BODY_BYTES, auth, body::read_body, problem::Problem, request_context, state::HttpState};
use crate::records::idempotency::{self, KeyOwner, KeyedRequest, RETENTION, answer_purpose};

/// Maximum length of an `Idempotency-Key`, in characters.
pub(crate) const KEY_LENGTH: usize = 255;
/// Routes that handle their keys themselves.
const SELF_HANDLED: [&str; 2] = ["/api/v1/messages", "/api/v1/messages/batch"];
/// Time after which a claimed key without an answer counts as `outcome-unknown`: twice the time limit of a request.
const ABANDONED_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Maximum length of a stored answer, in bytes.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Header that marks a replayed answer.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Returns the request's `Idempotency-Key`, checked.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if is_valid_key(key) => Ok(Some(key.to_owned())),
        _ => Err(Problem::invalid(format!(
            "The header Idempotency-Key must be 1 to {KEY_LENGTH} visible ASCII characters or spaces."
        ))),
    }
}

/// Returns whether a text can be a key: 1 to [`KEY_LENGTH`] visible ASCII characters or spaces.
pub(crate) fn is_valid_key(key: &str) -> bool {
    (1..=KEY_LENGTH).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Returns the header that marks an answer as replayed.
pub fn replayed(is_replayed: bool) -> Option<[(HeaderName, HeaderValue); 1]> {
    is_replayed.then_some([(REPLAYED, HeaderValue::from_static("true"))])
}

/// Replays the stored answer of a repeated POST, or runs the request and stores its answer.
///
/// Wraps routes with bodies of at most [`BODY_BYTES`], inside [`auth::authenticate`].
pub async fn idempotency(State(state): State<HttpState>, request: Request, next: Next) -> Result<Response, Problem> {
    let elsewhere = |path: &MatchedPath| SELF_HANDLED.contains(&path.as_str());
    let left_alone = request.method() != Method::POST || request.extensions().get().is_some_and(elsewhere);
    let key = match left_alone {
        true => None,
        false => key(request.headers())?,
    };
    let caller = request.extensions().get::<auth::AuthenticatedKey>().cloned();
    let (Some(key), Some(caller)) = (key, caller) else {
        return Ok(next.run(request).await);
    };
    let work = claim_and_run(state, key, caller, next, request).in_current_span();
    #[expect(
        clippy::disallowed_methods,
        reason = "a request that has begun runs to its end and its answer is stored, even if the client disconnects"
    )]
    let answer = tokio::spawn(work).await;
    answer.unwrap_or_else(|failed| match failed.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The runtime is shutting down.
        Err(_) => Err(Problem::unavailable()),
    })
}

/// Claims the key for this request, or answers from the request that claimed it first.
async fn claim_and_run(
    state: HttpState,
    key: String,
    caller: auth::AuthenticatedKey,
    next: Next,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    // Kept until the end, even if the client disconnects. The handler that reads the body again is charged for it again.
    let memory = request_context::memory(&head);
    let body = read_body(&memory, body, BODY_BYTES).await?;
    let now = state.app.clock.now();
    let claim_and_run = KeyedRequest {
        tenant: caller.tenant,
        key,
        // The scopes are part of the digest: an answer for one key's scopes must not go to a key with fewer.
        digest: digest(&[&caller.scopes.to_string(), head.uri.to_string().as_str()], &body),
        message: state.app.clock.new_id(),
    };
    let held = idempotency::claim(
        state.app.db.writer(),
        std::slice::from_ref(&claim_and_run),
        now - RETENTION,
        now,
    )
    .await?;
    match held.into_iter().next() {
        Some(held) if held.message_id == claim_and_run.message => {
            run_and_store(state, claim_and_run, next, Request::from_parts(head, Body::from(body))).await
        }
        Some(held) => replay(&state, &claim_and_run, &held, now).await,
        // The other request released the key in the meantime.
        None => Err(in_progress()),
    }
}

/// Returns the SHA-256 of the lines of `head` and the body.
fn digest(head: &[&str], body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in head {
        digest.update(part);
        digest.update("\n");
    }
    digest.update(body);
    digest.finalize().into()
}

/// Runs the request and stores its answer. A 4xx releases the key; a 5xx leaves it claimed without an answer.
async fn run_and_store(
    state: HttpState,
    claim_and_run: KeyedRequest,
    next: Next,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = next.run(request).await.into_parts();
    let db = &state.app.db;
    let (tenant, key) = (claim_and_run.tenant, claim_and_run.key.clone());
    let kept = match head.status {
        // Nothing was done, so the key is free for another attempt.
        status if status.is_client_error() => {
            let given_up = idempotency::release(db.writer(), &[(tenant, key)]).await;
            let response = Response::from_parts(head, body);
            return given_up.map(|_| response).map_err(|error| {
                tracing::warn!(%error, "the idempotency key of a rejected request could not be released");
                Problem::unavailable()
            });
        }
        status if status.is_success() => to_bytes(body, LONGEST_ANSWER).await.map_err(|_| Problem::internal())?,
        // The outcome is unknown: a connection lost during a commit may have committed.
        _ => return Ok(Response::from_parts(head, body)),
    };
    let sealed = state.app.config.keyring.seal(&answer_purpose(tenant, &key), &kept);
    let noted = idempotency::store_answer(db.writer(), &claim_and_run, i64::from(head.status.as_u16()), sealed).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the answer of a request could not be stored; a repetition with its idempotency key gets no answer");
    }
    Ok(Response::from_parts(head, Body::from(kept)))
}

/// Returns the stored answer of the first request, or a 409 problem.
async fn replay(
    state: &HttpState,
    claim_and_run: &KeyedRequest,
    held: &KeyOwner,
    now: DateTime<Utc>,
) -> Result<Response, Problem> {
    if held.digest != claim_and_run.digest {
        let detail = "Another request had this Idempotency-Key in the last 24 hours. Use a new key for each request.";
        return Err(conflict("key-reused", "Idempotency key reused", detail));
    }
    let given =
        idempotency::find_answer(state.app.db.reader(), claim_and_run.tenant, claim_and_run.key.clone()).await?;
    let Some(given) = given else {
        return Err(in_progress());
    };
    let Some((status, sealed)) = given.http_status.zip(given.answer) else {
        return Err(match now - given.created_at < ABANDONED_AFTER {
            true => in_progress(),
            false => {
                let detail = "The request with this Idempotency-Key was begun and its outcome is unknown. Check whether \
                              it was done; if it was not, send it with another key.";
                conflict("outcome-unknown", "Outcome unknown", detail)
            }
        });
    };
    let opened = state
        .app
        .config
        .keyring
        .open(&answer_purpose(claim_and_run.tenant, &claim_and_run.key), &sealed);
    let body = opened.map_err(|_| {
        let detail = "The request with this Idempotency-Key was done. Its answer was sealed under a master key that is gone, and \
                      cannot be given again.";
        conflict("answer-lost", "Answer not available", detail)
    })?;
    let status = u16::try_from(status).ok().and_then(|it| StatusCode::from_u16(it).ok());
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let body = Bytes::copy_from_slice(&body);
    let mut response = (status.unwrap_or(StatusCode::OK), json, replayed(true), body).into_response();
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    Ok(response)
}

fn in_progress() -> Problem {
    let detail = "The request with this Idempotency-Key is in progress. Try again in a moment.";
    conflict("under-way", "Request in progress", detail).retry_after(1)
}

fn conflict(slug: &'static str, title: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, slug, title, detail)
}
