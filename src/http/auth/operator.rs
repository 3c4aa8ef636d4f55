use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use super::{bearer, unauthorized};
use crate::{app::App, crypto, http::problem::Problem};

/// Proves that the caller knows the admin token.
pub struct Operator;

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let Some(expected) = &app.config.admin_token else {
            const DETAIL: &str =
                "The operator's API is closed: set MAINSTAY_ADMIN_TOKEN to at least 16 characters and start again.";
            return Err(Problem::forbidden("admin-closed", DETAIL));
        };
        match bearer(&parts.headers) {
            Some(token) if crypto::same(token, expected.expose()) => Ok(Self),
            _ => Err(unauthorized(
                "Send the admin token: `Authorization: Bearer` and MAINSTAY_ADMIN_TOKEN.",
            )),
        }
    }
}
