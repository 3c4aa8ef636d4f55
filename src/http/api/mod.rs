//! What a tenant's programs read, under `/api/v1`.

mod channels;
mod contacts;
mod conversations;
mod events;
mod json;
mod messages;
mod sending;
mod templates;

use axum::middleware;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use channels::Channel;
use json::Json;

use super::{auth, edge::Edge};

pub fn routes(edge: &Edge) -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(channels::list))
        .routes(routes!(channels::show))
        .routes(routes!(channels::check))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::show))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::show))
        .routes(routes!(messages::in_conversation))
        .routes(routes!(messages::list))
        .routes(routes!(messages::show))
        .routes(routes!(events::list))
        .routes(routes!(sending::send))
        .routes(routes!(sending::send_batch))
        .routes(routes!(sending::cancel))
        .routes(routes!(sending::resolve))
        .routes(routes!(sending::read))
        .routes(routes!(sending::error_codes))
        .routes(routes!(templates::list))
        .routes(routes!(templates::create))
        .routes(routes!(templates::sync))
        .routes(routes!(templates::show))
        .routes(routes!(templates::edit))
        .routes(routes!(templates::delete))
        .routes(routes!(templates::preview))
        .routes(routes!(templates::unpause))
        .routes(routes!(templates::local::list))
        .routes(routes!(templates::local::create))
        .routes(routes!(templates::local::show))
        .routes(routes!(templates::local::change))
        .routes(routes!(templates::local::delete))
        .routes(routes!(templates::local::add_version))
        .routes(routes!(templates::local::preview))
        .route_layer(middleware::from_fn_with_state(edge.clone(), auth::authenticate))
}
