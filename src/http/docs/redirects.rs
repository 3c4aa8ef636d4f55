//! Addresses at which somebody looks for the reference.

use axum::{Router, response::Redirect, routing::get};

use crate::http::state::HttpState;

const REFERENCE: &str = "/api/docs";
const ADDRESSES: [&str; 5] = ["/", "/docs", "/docs/", "/api", "/api/"];

/// Leads them to the reference (303).
pub(super) fn routes() -> Router<HttpState> {
    let redirect = || get(async || Redirect::to(REFERENCE));
    ADDRESSES
        .into_iter()
        .fold(Router::new(), |routes, address| routes.route(address, redirect()))
}
