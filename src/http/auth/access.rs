//! Extractors that prove who calls and what they may do.

use std::{marker::PhantomData, ops::Deref};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::unauthorized;
use crate::{
    domain::{Ctx, Needs, Permission},
    http::{problem::Problem, read_limiter::ReadTransaction, state::HttpState},
};

/// Access to the rows of one tenant; handlers have no other.
pub(crate) struct TenantAccess {
    ctx: Ctx,
    state: HttpState,
}

impl TenantAccess {
    /// Begins a read transaction; on PostgreSQL row-level security hides all other tenants from it.
    pub async fn begin(&self) -> Result<ReadTransaction, Problem> {
        self.state.read_limiter.begin(&self.state.app, self.ctx.tenant).await
    }
}

impl Deref for TenantAccess {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}

/// Proves that the caller has the permission `P`, or both of a pair.
pub(crate) struct May<P>(TenantAccess, PhantomData<P>);

impl<P> Deref for May<P> {
    type Target = TenantAccess;

    fn deref(&self) -> &TenantAccess {
        &self.0
    }
}

impl<P: Needs> FromRequestParts<HttpState> for May<P> {
    type Rejection = Problem;

    /// Checks the permissions of the caller. A route outside [`super::authenticate`] has no caller and is closed.
    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        let ctx = parts.extensions.get::<Ctx>();
        let ctx = ctx.ok_or_else(|| unauthorized("Send the API key: `Authorization: Bearer mk_…`."))?;
        require::<P>(ctx)?;
        let access = TenantAccess {
            ctx: ctx.clone(),
            state: state.clone(),
        };
        Ok(Self(access, PhantomData))
    }
}

/// Rejects a caller who lacks a permission.
pub(super) fn require<P: Needs>(ctx: &Ctx) -> Result<(), Problem> {
    P::missing(ctx.may).map_or(Ok(()), |missing| Err(lacks(missing)))
}

fn lacks(permission: Permission) -> Problem {
    let given = match permission.set() {
        Some(set) => format!("which the scope `{set}` contains"),
        None => "which no scope contains: it is given by its own name".to_owned(),
    };
    let detail = format!("This needs the permission `{permission}`, {given}. Ask the operator for an API key with it.");
    Problem::forbidden("missing-permission", detail)
}
