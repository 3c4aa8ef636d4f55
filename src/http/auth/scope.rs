use std::ops::Deref;

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Key, unauthorized};
use crate::{
    domain::{Scope, TenantId},
    http::{edge::Edge, problem::Problem, reads::Reading},
};

/// One tenant's rows, and the only way to them from here.
pub struct TenantScope {
    pub tenant: TenantId,
    edge: Edge,
}

impl TenantScope {
    /// A transaction to read in; on PostgreSQL the database itself hides all other tenants from it.
    pub async fn begin(&self) -> Result<Reading, Problem> {
        self.edge.reads.begin(&self.edge.app, self.tenant).await
    }
}

/// Proves that the caller may read.
pub struct Reader(TenantScope);

/// Proves that the caller may send, and change what is sent.
pub struct Writer(TenantScope);

/// Proves that the caller may follow the events.
pub struct EventReader(TenantScope);

/// Proves that the caller may say where events go: who may write and follow them.
pub struct Subscriber(TenantScope);

impl Deref for Reader {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for Writer {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for EventReader {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl Deref for Subscriber {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl FromRequestParts<Edge> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        enter(parts, edge, Scope::Read).map(Self)
    }
}

impl FromRequestParts<Edge> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        enter(parts, edge, Scope::Write).map(Self)
    }
}

impl FromRequestParts<Edge> for EventReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        enter(parts, edge, Scope::Events).map(Self)
    }
}

impl FromRequestParts<Edge> for Subscriber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        enter(parts, edge, Scope::Events)?;
        enter(parts, edge, Scope::Write).map(Self)
    }
}

/// A route outside [`super::authenticate`] has no key, and so lets nobody in.
fn enter(parts: &Parts, edge: &Edge, scope: Scope) -> Result<TenantScope, Problem> {
    let key = parts.extensions.get::<Key>();
    let key = key.ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`."))?;
    permit(key, scope)?;
    Ok(TenantScope {
        tenant: key.tenant,
        edge: edge.clone(),
    })
}

pub(super) fn permit(key: &Key, scope: Scope) -> Result<(), Problem> {
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
