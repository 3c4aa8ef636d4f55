//! Channels of tenants, for the operator.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registry;
use crate::{
    app::App,
    config::Secret,
    domain::{ChannelId, Ctx, TenantId},
    http::{
        api::ChannelView,
        auth::Operator,
        extract::{Json, Path},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records,
    tenancy::{self, NewChannel},
};

const LIST: &str = "tenant-channels";

#[derive(Deserialize, ToSchema)]
#[schema(as = NewChannel)]
pub(crate) struct AddChannelRequest {
    /// Meta's id of the number: digits.
    phone_number_id: String,
    /// Meta's id of the WhatsApp Business Account: digits.
    waba_id: String,
    access_token: String,
    /// The secret of the app that signs this number's webhooks, when it is not one of META_APP_SECRETS.
    app_secret: Option<String>,
    /// Whether a channel of the tenant in another account is moved to this one, because Meta has moved the number.
    #[serde(default, rename = "move")]
    moves: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AddedChannel)]
pub(crate) struct AddChannelResponse {
    pub id: ChannelId,
    /// Quarantined webhooks of the number that are processed now.
    pub released: u64,
    /// Messages that had waited while the channel could not send, and are sent now; null when it could.
    #[schema(required)]
    pub recovered: Option<u64>,
}

/// List a tenant's channels
///
/// Oldest first; without their secrets.
#[utoipa::path(get, path = "/admin/tenants/{id}/channels", params(("id" = TenantId, Path), PagingParams),
    responses((status = 200, description = "A page of channels", body = Page<ChannelView>)))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    Path(tenant): Path<TenantId>,
    paging: Paging,
) -> Result<Body<Page<ChannelView>>, Problem> {
    let after = paging.key(LIST)?;
    let known = records::tenants::find(app.db.reader(), tenant).await?;
    known.ok_or_else(|| Problem::no_such(format_args!("tenant {tenant}")))?;
    let rows = records::channels::page(app.db.reader(), tenant, after, paging.rows()).await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(ChannelView::from),
    ))
}

/// Add a channel
///
/// Adds a channel, or replaces the secrets of a channel of the tenant. Quarantined webhooks of the number are processed now. A number that is
/// a channel of another tenant, or of another account unless `move` is true, is refused with the name of its owner.
#[utoipa::path(post, path = "/admin/tenants/{id}/channels", params(("id" = TenantId, Path)),
    request_body = AddChannelRequest,
    responses((status = 201, description = "Added", body = AddChannelResponse),
        (status = 409, description = "Another tenant or account has the number", body = crate::http::problem::ProblemBody<'static>, content_type = "application/problem+json")))]
pub async fn add(
    _: Operator,
    State(app): State<App>,
    Path(tenant): Path<TenantId>,
    Json(request): Json<AddChannelRequest>,
) -> Result<(StatusCode, Body<AddChannelResponse>), Problem> {
    let new = NewChannel {
        phone_number_id: request.phone_number_id,
        waba_id: request.waba_id,
        access_token: Secret::new(request.access_token),
        app_secret: request.app_secret.filter(|secret| !secret.is_empty()).map(Secret::new),
    };
    let (registry, ctx) = (registry(&app), Ctx::operator(tenant));
    let added = match request.moves {
        true => tenancy::add_moved_channel(&registry, &ctx, new).await?,
        false => tenancy::add_channel(&registry, &ctx, new).await?,
    };
    // Other processes refresh within seconds; this one refreshes at once.
    app.directory.refresh().await?;
    let added = AddChannelResponse {
        id: added.id,
        released: added.released,
        recovered: added.recovered,
    };
    Ok((StatusCode::CREATED, Body(added)))
}
