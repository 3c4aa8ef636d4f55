//! Extractors that prove which tenant calls and what its API key may do.

use std::ops::Deref;

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{AuthenticatedKey, unauthorized};
use crate::{
    domain::{Scope, TenantId},
    http::{problem::Problem, read_limiter::ReadTransaction, state::HttpState},
};

/// Access to the rows of one tenant; handlers have no other.
pub struct TenantScope {
    pub tenant: TenantId,
    state: HttpState,
}

impl TenantScope {
    /// Begins a read transaction; on PostgreSQL row-level security hides all other tenants from it.
    pub async fn begin(&self) -> Result<ReadTransaction, Problem> {
        self.state.read_limiter.begin(&self.state.app, self.tenant).await
    }
}

/// Proves the scope `read`.
pub struct ReadScope(TenantScope);

/// Proves the scope `write`: the caller may send, and change what is sent.
pub struct WriteScope(TenantScope);

/// Proves the scope `events`: the caller may follow the events.
pub struct EventScope(TenantScope);

/// Proves the scopes `write` and `events`: the caller may manage endpoints.
pub struct EndpointScope(TenantScope);

impl Deref for ReadScope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for WriteScope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for EventScope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for EndpointScope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl FromRequestParts<HttpState> for ReadScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        authorize(parts, state, Scope::Read).map(Self)
    }
}

impl FromRequestParts<HttpState> for WriteScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        authorize(parts, state, Scope::Write).map(Self)
    }
}

impl FromRequestParts<HttpState> for EventScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        authorize(parts, state, Scope::Events).map(Self)
    }
}

impl FromRequestParts<HttpState> for EndpointScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        authorize(parts, state, Scope::Events)?;
        authorize(parts, state, Scope::Write).map(Self)
    }
}

/// Checks the scope of the request's key. A route outside [`super::authenticate`] has no key and is closed.
fn authorize(parts: &Parts, state: &HttpState, scope: Scope) -> Result<TenantScope, Problem> {
    let key = parts.extensions.get::<AuthenticatedKey>();
    let key = key.ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`."))?;
    require_scope(key, scope)?;
    Ok(TenantScope {
        tenant: key.tenant,
        state: state.clone(),
    })
}

pub(super) fn require_scope(key: &AuthenticatedKey, scope: Scope) -> Result<(), Problem> {
    if key.scopes.allow(scope) {
        return Ok(());
    }
    let detail = format!(
        "This API key has the scopes `{}`; this needs `{}`. Ask the operator for a key with it.",
        key.scopes,
        scope.as_str()
    );
    Err(Problem::forbidden("missing-scope", detail))
}
