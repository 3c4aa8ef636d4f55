//! Campaigns to those whose message of another campaign failed.

use std::collections::BTreeSet;

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{super::contacts::detail::ETag, shown, view::CampaignView};
use crate::{
    app::App,
    campaigns::{self, RetryClass},
    domain::{CampaignId, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        problem::Problem,
    },
};

/// Who is written to again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRetry {
    /// The classes of the errors that their messages failed with. Errors after which Meta may have delivered the message, and those of
    /// recipients who cannot or do not want to get it, have no class here.
    #[schema(min_items = 1)]
    classes: BTreeSet<RetryClass>,
    /// That of the campaign with ` (again)` behind it unless said otherwise.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
}

/// Write to failed recipients again
///
/// Creates a draft of a campaign like this one, to those whose message failed, to be changed and launched as any other. It takes in whom no
/// other has taken in, whose message is still failed at its start, for 10 minutes at least (24 hours with `marketing_cap`). Who got a message,
/// or may have got it, is not among them. The campaign has to have ended.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/retries", params(("id" = CampaignId, Path)), request_body = NewRetry,
    responses((status = 201, description = "Created", body = CampaignView)))]
pub async fn retry(
    caller: May<perm::CampaignsWrite>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    Json(new): Json<NewRetry>,
) -> Result<(StatusCode, ETag, Body<CampaignView>), Problem> {
    let made = campaigns::retry(&app.campaigns, &caller, id, new.name.as_deref(), new.classes).await?;
    let (tag, view) = shown(&app, &caller, made.id).await?;
    Ok((StatusCode::CREATED, tag, view))
}
