//! Who asks: a tenant's program by its API key, or the operator by the admin token. A handler that takes one of the extractors
//! cannot forget to check.

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

pub use guesses::Guesses;
pub use keys::{Key, Keys};
pub use operator::{Operator, Watcher};
pub use rates::Rates;
pub use scope::{EventReader, Reader, Subscriber, TenantScope, Writer};

use self::guesses::Kind;
use super::{edge::Edge, peer::Client, problem::Problem};
use crate::{
    domain::{Scope, TenantId},
    memory::RequestMemory,
};

/// Around every route under `/api/v1`: finds the key, counts the request against its rate, and says in the answer what is left
/// of that.
pub async fn authenticate(State(edge): State<Edge>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let client = Client::of(request.extensions(), request.headers(), &edge);
    let key = live_key(&edge, request.headers(), client).await?;
    let left = edge.rates.take(key.id)?;
    if let Some(memory) = request.extensions().get::<RequestMemory>() {
        memory.set_tenant(key.tenant);
    }
    request.extensions_mut().insert(key);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", edge.rates.burst().into());
    headers.insert("ratelimit-remaining", left.into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The live key that the request shows.
async fn live_key(edge: &Edge, headers: &HeaderMap, client: Client) -> Result<Key, Problem> {
    let token = bearer(headers)
        .ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`. The operator makes keys."))?;
    let key = edge.keys.find(&edge.app, token).await?;
    key.ok_or_else(|| {
        edge.guesses.count(Kind::ApiKey, client.0);
        unauthorized(
            "The API key is unknown or was revoked. Check that all of it was copied, or ask the operator for another.",
        )
    })
}

/// The tenant whose media a request may read without a link: by its API key, which is counted and needs the scope.
pub async fn reader_of_media(edge: &Edge, headers: &HeaderMap, client: Client) -> Result<TenantId, Problem> {
    let key = live_key(edge, headers, client).await?;
    edge.rates.take(key.id)?;
    scope::permit(&key, Scope::Read)?;
    Ok(key.tenant)
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail)
}
