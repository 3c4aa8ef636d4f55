//! Authentication: tenants by API key, the operator by the admin token. A handler that takes one of the extractors cannot forget to check.

mod guesses;
mod keys;
mod operator;
mod rates;
mod scope;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

pub use guesses::GuessLimiter;
pub use keys::{ApiKeyCache, AuthenticatedKey};
pub use operator::{MetricsAccess, Operator};
pub use rates::ApiRateLimiter;
pub use scope::{EndpointScope, EventScope, ReadScope, TenantScope, WriteScope};

use self::guesses::TokenKind;
use super::{peer::ClientAddress, problem::Problem, state::HttpState};
use crate::{
    domain::{Scope, TenantId},
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
    request.extensions_mut().insert(key);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", state.rates.burst().into());
    headers.insert("ratelimit-remaining", left.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
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

/// Returns the tenant whose media a request without a link may read: that of its API key, which is rate limited and needs the scope `read`.
pub async fn media_reader(state: &HttpState, headers: &HeaderMap, client: ClientAddress) -> Result<TenantId, Problem> {
    let key = live_key(state, headers, client).await?;
    state.rates.take(key.id)?;
    scope::require_scope(&key, Scope::Read)?;
    Ok(key.tenant)
}

/// Returns the token of `Authorization: Bearer …`.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail)
}
