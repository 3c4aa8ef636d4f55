//! Authentication: tenants by API key, the operator by the admin token. A handler that takes one of the extractors cannot forget to check.

mod access;
mod guesses;
mod keys;
mod operator;
mod rates;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

pub(crate) use access::{May, TenantAccess};
pub(crate) use guesses::GuessLimiter;
pub(crate) use keys::{ApiKeyCache, AuthenticatedKey};
pub(crate) use operator::MetricsAccess;
pub use operator::Operator;
pub(crate) use rates::ApiRateLimiter;

use self::guesses::TokenKind;
use super::{peer::ClientAddress, problem::Problem, request_context::RequestId, state::HttpState};
use crate::{
    domain::{Actor, Ctx, Sees, perm},
    memory::RequestMemory,
};

/// Authenticates a request under `/api/v1` by API key, counts it against the key's rate, and adds the remaining rate to the answer.
pub async fn authenticate(
    State(state): State<HttpState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let client = ClientAddress::of(request.extensions(), request.headers(), &state);
    let key = live_key(&state, request.headers(), client).await?;
    let left = state.rates.take(key.id)?;
    if let Some(memory) = request.extensions().get::<RequestMemory>() {
        memory.set_tenant(key.tenant);
    }
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    request.extensions_mut().insert(ctx(&key, request_id, client));
    request.extensions_mut().insert(key);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", state.rates.burst().into());
    headers.insert("ratelimit-remaining", left.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Returns the context of what an API key asks for.
fn ctx(key: &AuthenticatedKey, request_id: Option<Arc<str>>, client: ClientAddress) -> Ctx {
    Ctx {
        tenant: key.tenant,
        actor: Actor::ApiKey(key.id),
        may: key.scopes.permissions(),
        sees: Sees::All,
        request_id,
        ip: Some(client.0),
    }
}

/// Returns the live API key of the request.
async fn live_key(state: &HttpState, headers: &HeaderMap, client: ClientAddress) -> Result<AuthenticatedKey, Problem> {
    let token = bearer_token(headers)
        .ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`. The operator makes keys."))?;
    let key = state.keys.find(&state.app, token).await?;
    key.ok_or_else(|| {
        state.guesses.count(TokenKind::ApiKey, client.0);
        unauthorized(
            "The API key is unknown or was revoked. Check that all of it was copied, or ask the operator for another.",
        )
    })
}

/// Returns the context of a request for media without a link: that of its API key, which is rate limited and needs the permission to read.
pub(crate) async fn media_reader(
    state: &HttpState,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Ctx, Problem> {
    let key = live_key(state, headers, client).await?;
    state.rates.take(key.id)?;
    let ctx = ctx(&key, None, client);
    access::require::<perm::ConversationsRead>(&ctx)?;
    Ok(ctx)
}

/// Returns the token of `Authorization: Bearer …`.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail)
}
