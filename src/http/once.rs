//! `Idempotency-Key`: what a POST was answered is kept for a day, and whoever asks the same with the same key gets that answer, and
//! nothing is done again. Messages have their keys in the commit that makes them, and are left alone here.

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

use super::{BODY_BYTES, auth, body::whole, edge::Edge, frame, problem::Problem};
use crate::records::idempotency::{self, Answered, KEPT, Keyed, answer_purpose};

/// The longest `Idempotency-Key`, in characters.
pub const KEY_LENGTH: usize = 255;
/// What sees to its keys itself.
const MESSAGES: [&str; 2] = ["/api/v1/messages", "/api/v1/messages/batch"];
/// After so long an answer that is not there does not come any more: twice the time that a request has.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(60);
/// The longest answer kept, in bytes.
const ANSWER: usize = 4 * 1024 * 1024;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key a request has, if it has one.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=KEY_LENGTH).contains(&key.len()) && !key.contains('\t') => Ok(Some(key.to_owned())),
        _ => Err(Problem::invalid(format!(
            "The header Idempotency-Key must be 1 to {KEY_LENGTH} visible ASCII characters or spaces."
        ))),
    }
}

/// The header that marks an answer as given before.
pub fn replayed(is_replayed: bool) -> Option<[(HeaderName, HeaderValue); 1]> {
    is_replayed.then_some([(REPLAYED, HeaderValue::from_static("true"))])
}

/// Around the routes that take a body of at most [`BODY_BYTES`], within [`auth::authenticate`].
pub async fn once(State(edge): State<Edge>, request: Request, next: Next) -> Result<Response, Problem> {
    let elsewhere = |path: &MatchedPath| MESSAGES.contains(&path.as_str());
    let left_alone = request.method() != Method::POST || request.extensions().get().is_some_and(elsewhere);
    let key = match left_alone {
        true => None,
        false => key(request.headers())?,
    };
    let caller = request.extensions().get::<auth::Key>().cloned();
    let (Some(key), Some(caller)) = (key, caller) else {
        return Ok(next.run(request).await);
    };
    let work = keyed(edge, (key, caller), next, request).in_current_span();
    #[expect(
        clippy::disallowed_methods,
        reason = "what was begun comes to its end and is written down, though whoever asked may have gone"
    )]
    let answer = tokio::spawn(work).await;
    answer.unwrap_or_else(|failed| match failed.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The process ends.
        Err(_) => Err(Problem::unavailable()),
    })
}

async fn keyed(
    edge: Edge,
    (key, caller): (String, auth::Key),
    next: Next,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    // Held to the end, though whoever asked may have gone. Whoever reads the body again is charged for it again.
    let memory = frame::memory(&head);
    let body = whole(&memory, body, BODY_BYTES).await?;
    let now = edge.app.clock.now();
    let keyed = Keyed {
        tenant: caller.tenant,
        key,
        // What one key may see is no answer for another that may not.
        digest: digest(&[&caller.scopes.to_string(), head.uri.to_string().as_str()], &body),
        message: edge.app.clock.new_id(),
    };
    let held = idempotency::claim(&edge.app.db, std::slice::from_ref(&keyed), now - KEPT, now).await?;
    match held.into_iter().next() {
        Some(held) if held.message_id == keyed.message => {
            first(edge, keyed, next, Request::from_parts(head, Body::from(body))).await
        }
        Some(held) => again(&edge, &keyed, &held, now).await,
        // Given up by another in between.
        None => Err(under_way()),
    }
}

fn digest(head: &[&str], body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in head {
        digest.update(part);
        digest.update("\n");
    }
    digest.update(body);
    digest.finalize().into()
}

/// Does it, and keeps the answer.
async fn first(edge: Edge, keyed: Keyed, next: Next, request: Request) -> Result<Response, Problem> {
    let (head, body) = next.run(request).await.into_parts();
    let db = &edge.app.db;
    let (tenant, key) = (keyed.tenant, keyed.key.clone());
    let kept = match head.status {
        // Nothing was done, so the key is free for another attempt.
        status if status.is_client_error() => {
            let given_up = idempotency::give_up(db, &[(tenant, key)]).await;
            let response = Response::from_parts(head, body);
            return given_up.map(|_| response).map_err(|error| {
                tracing::warn!(%error, "the key of a request that was refused could not be given up");
                Problem::unavailable()
            });
        }
        status if status.is_success() => to_bytes(body, ANSWER).await.map_err(|_| Problem::internal())?,
        // Nobody knows how far it came: a database that goes away during a commit may have made it.
        _ => return Ok(Response::from_parts(head, body)),
    };
    let sealed = edge.app.config.keyring.seal(&answer_purpose(tenant, &key), &kept);
    let noted = idempotency::answer(db, &keyed, i64::from(head.status.as_u16()), sealed).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "what a request was answered could not be kept; asked again, it is not answered");
    }
    Ok(Response::from_parts(head, Body::from(kept)))
}

/// The answer that was given before.
async fn again(edge: &Edge, keyed: &Keyed, held: &Answered, now: DateTime<Utc>) -> Result<Response, Problem> {
    if held.digest != keyed.digest {
        let detail = "Another request had this Idempotency-Key in the last 24 hours. Use a new key for each request.";
        return Err(conflict("key-reused", "Idempotency key reused", detail));
    }
    let given = idempotency::answered(edge.app.db.reader(), keyed.tenant, keyed.key.clone()).await?;
    let Some(given) = given else {
        return Err(under_way());
    };
    let Some((status, sealed)) = given.status.zip(given.answer) else {
        return Err(match now - given.created_at < UNDER_WAY {
            true => under_way(),
            false => {
                let detail = "The request with this Idempotency-Key was begun, and nobody knows how far it came. Look whether \
                              it was done; if it was not, send it with another key.";
                conflict("outcome-unknown", "It is not known what became of it", detail)
            }
        });
    };
    let opened = edge
        .app
        .config
        .keyring
        .open(&answer_purpose(keyed.tenant, &keyed.key), &sealed);
    let body = opened.map_err(|_| {
        let detail = "The request with this Idempotency-Key was done. Its answer was sealed under a master key that is gone, and \
                      cannot be given again.";
        conflict("answer-lost", "It was done before", detail)
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

fn under_way() -> Problem {
    let detail = "The request with this Idempotency-Key is under way. Ask again in a moment.";
    conflict("under-way", "It is under way", detail).retry_after(1)
}

fn conflict(slug: &'static str, title: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, slug, title, detail)
}
