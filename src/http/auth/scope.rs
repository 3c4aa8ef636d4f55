use std::ops::Deref;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use super::{Key, unauthorized};
use crate::{
    app::App,
    db::Tx,
    domain::{Id, Scope, TenantId},
    http::problem::Problem,
};

/// One tenant's rows, and the only way to them from here.
pub struct TenantScope {
    pub tenant: TenantId,
    app: App,
}

impl TenantScope {
    /// A transaction to read in; on PostgreSQL the database itself hides all other tenants from it.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        self.app.db.begin_as(self.tenant.uuid()).await
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

impl<S: Send + Sync> FromRequestParts<S> for Reader
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        enter(parts, App::from_ref(state), Scope::Read).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Writer
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        enter(parts, App::from_ref(state), Scope::Write).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for EventReader
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        enter(parts, App::from_ref(state), Scope::Events).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Subscriber
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let scope = enter(parts, App::from_ref(state), Scope::Events)?;
        enter(parts, scope.app, Scope::Write).map(Self)
    }
}

/// A route outside [`super::authenticate`] has no key, and so lets nobody in.
fn enter(parts: &Parts, app: App, scope: Scope) -> Result<TenantScope, Problem> {
    let key = parts.extensions.get::<Key>();
    let key = key.ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`."))?;
    permit(key, scope)?;
    Ok(TenantScope {
        tenant: key.tenant,
        app,
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
