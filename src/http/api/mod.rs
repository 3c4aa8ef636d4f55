//! The tenants' API, under `/api/v1`.

mod blocks;
mod campaigns;
mod channels;
mod contacts;
mod content;
mod conversations;
mod deliveries;
mod endpoints;
mod event_types;
mod events;
mod exports;
mod imports;
mod json;
mod keyword_rules;
mod media;
pub(super) mod messages;
mod segments;
pub(super) mod sending;
mod templates;
mod uploads;
mod verifications;

use axum::middleware;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use channels::ChannelView;
pub(crate) use endpoints::BacklogView;
use json::RawJson;

use super::{auth, idempotency::idempotency, moved::redirect_merged, problem::Problem, state::HttpState};
use crate::{
    directory::{Route, Snapshot},
    domain::{ChannelId, TenantId},
};

/// Returns a channel of the tenant from the directory.
fn route(directory: &Snapshot, tenant: TenantId, id: ChannelId) -> Result<&Route, Problem> {
    let route = directory.channel(id).filter(|route| route.tenant == tenant);
    route.ok_or_else(|| Problem::not_found(format_args!("channel {id}")))
}

pub fn routes(state: &HttpState) -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(channels::list))
        .routes(routes!(channels::show))
        .routes(routes!(channels::check))
        .routes(routes!(channels::resume_campaigns))
        .routes(routes!(blocks::list, blocks::block, blocks::unblock))
        .routes(routes!(contacts::list, contacts::write::create))
        .routes(routes!(
            contacts::detail::show,
            contacts::write::change,
            contacts::write::archive
        ))
        .routes(routes!(contacts::write::upsert))
        .routes(routes!(contacts::batch::upsert_all))
        .routes(routes!(contacts::write::merge))
        .routes(routes!(
            contacts::consents::list_consents,
            contacts::consents::record_consent
        ))
        .routes(routes!(contacts::tags::list_tags, contacts::tags::create_tag))
        .routes(routes!(contacts::tags::change_tag, contacts::tags::delete_tag))
        .routes(routes!(contacts::tags::list_lists, contacts::tags::create_list))
        .routes(routes!(contacts::tags::change_list, contacts::tags::delete_list))
        .routes(routes!(contacts::fields::list_fields, contacts::fields::create_field))
        .routes(routes!(contacts::fields::change_field, contacts::fields::archive_field))
        .routes(routes!(keyword_rules::list, keyword_rules::create))
        .routes(routes!(keyword_rules::replace, keyword_rules::delete))
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::show, campaigns::change, campaigns::remove))
        .routes(routes!(campaigns::duplicate))
        .routes(routes!(campaigns::recipients))
        .routes(routes!(campaigns::report::show_report))
        .routes(routes!(campaigns::report::recount))
        .routes(routes!(campaigns::preflight::begin, campaigns::preflight::show))
        .routes(routes!(campaigns::control::launch))
        .routes(routes!(campaigns::control::pause))
        .routes(routes!(campaigns::control::resume))
        .routes(routes!(campaigns::control::cancel))
        .routes(routes!(campaigns::retries::retry))
        .routes(routes!(segments::list, segments::create))
        .routes(routes!(segments::show, segments::change, segments::archive))
        .routes(routes!(segments::selected::preview))
        .routes(routes!(segments::selected::contacts))
        .routes(routes!(segments::selected::show_count, segments::selected::recount))
        .routes(routes!(exports::contacts))
        .routes(routes!(exports::conversations))
        .routes(routes!(exports::messages))
        .routes(routes!(exports::campaigns))
        .routes(routes!(exports::recipients))
        .routes(routes!(exports::show))
        .routes(routes!(imports::show, imports::cancel))
        .routes(routes!(imports::sheets::errors))
        .routes(routes!(imports::sheets::sample))
        .routes(routes!(verifications::list, verifications::create))
        .routes(routes!(verifications::show, verifications::cancel))
        .routes(routes!(verifications::items::list))
        .routes(routes!(verifications::items::export))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::show))
        .routes(routes!(messages::in_conversation))
        .routes(routes!(messages::list))
        .routes(routes!(messages::show))
        .routes(routes!(events::list))
        .routes(routes!(event_types::list))
        .routes(routes!(sending::send))
        .routes(routes!(sending::send_batch))
        .routes(routes!(sending::show_batch))
        .routes(routes!(sending::cancel))
        .routes(routes!(sending::cancel_batch))
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
        .routes(routes!(media::show, media::delete))
        .routes(routes!(endpoints::list, endpoints::create))
        .routes(routes!(endpoints::show, endpoints::change, endpoints::delete))
        .routes(routes!(endpoints::work::test))
        .routes(routes!(endpoints::work::replay))
        .routes(routes!(endpoints::work::stats))
        .routes(routes!(endpoints::secret::show))
        .routes(routes!(endpoints::secret::rotate))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::retry))
        .route_layer(middleware::from_fn_with_state(state.clone(), idempotency))
        .route_layer(middleware::from_fn_with_state(state.clone(), redirect_merged))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::authenticate))
        // Authenticates by link or by API key, and does that itself.
        .routes(routes!(content::read))
        // Authenticates by link alone.
        .routes(routes!(exports::content::download))
}

/// Routes with long and large requests, which get limits of their own.
pub fn uploads(state: &HttpState) -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(uploads::upload))
        .routes(routes!(uploads::import))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::authenticate))
}

/// Imports: the file has limits of its own, and the list stands at the same path.
pub fn imports(state: &HttpState) -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(imports::create, imports::list))
        .routes(routes!(campaigns::rows::add, campaigns::rows::remove))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::authenticate))
}
