//! What a tenant's programs read, under `/api/v1`.

mod channels;
mod contacts;
mod conversations;
mod events;
mod json;
mod messages;
mod sending;

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
        .route_layer(middleware::from_fn_with_state(edge.clone(), auth::authenticate))
}
