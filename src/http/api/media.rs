//! Media and the signed links to their content.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::{ChannelId, MediaId, MessageId, Origin, WorkState, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Path, Query},
        problem::Problem,
    },
    media::{self, MediaLink, Variant, VariantInfo, sign_link, store as rows},
};

/// Default lifetime of a link, in seconds.
const DEFAULT_LINK_SECONDS: i64 = 3_600;
/// Maximum lifetime of a link, in seconds.
const MAX_LINK_SECONDS: i64 = 7 * 24 * 3_600;

/// A file that a customer sent, or that was uploaded to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Media)]
pub(crate) struct MediaView {
    pub id: MediaId,
    /// `image`, `video`, `audio`, `document` or `sticker`: the type of the message it came with or can be sent as.
    #[serde(rename = "type")]
    pub kind: String,
    /// Origin of the message it came with: `customer`, `echo` or `history`; `api` when it was uploaded.
    pub origin: Origin,
    pub status: MediaStatus,
    /// As detected from the bytes; while it is pending, as Meta reports it.
    #[schema(required)]
    pub mime_type: Option<String>,
    #[schema(required)]
    pub filename: Option<String>,
    /// In bytes.
    #[schema(required)]
    pub size: Option<i64>,
    /// SHA-256 of the bytes, in hexadecimal.
    #[schema(required)]
    pub sha256: Option<String>,
    /// Of an image, in pixels; null until its variants are made, and where it can have none.
    #[schema(required)]
    pub width: Option<i64>,
    #[schema(required)]
    pub height: Option<i64>,
    #[schema(required)]
    pub channel_id: Option<ChannelId>,
    /// The message it came with.
    #[schema(required)]
    pub message_id: Option<MessageId>,
    /// Why it could not be fetched; while it is pending, the error of the last attempt.
    #[schema(required)]
    pub error: Option<String>,
    pub received_at: DateTime<Utc>,
    #[schema(required)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// A link that needs no API key, valid until `url_expires_at`. A path, unless MAINSTAY_PUBLIC_URL is set.
    #[schema(required)]
    pub url: Option<String>,
    #[schema(required)]
    pub url_expires_at: Option<DateTime<Utc>>,
    /// Smaller pictures of an image, by `thumbnail` (within 200 pixels) and `medium` (600). An image that is broken, longer than 20 MiB, or
    /// would decode to more than 160 MiB has none.
    pub variants: BTreeMap<String, MediaVariantView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MediaStatus {
    /// Being fetched from Meta.
    Pending,
    Ready,
    /// Could not be fetched.
    Failed,
    /// Deleted by request or by age.
    Deleted,
}

/// A smaller picture.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaVariantShown)]
pub(crate) struct MediaVariantView {
    pub url: String,
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    pub width: u32,
    pub height: u32,
}

impl MediaView {
    fn new(app: &App, row: rows::StoredMedia, expires_at: DateTime<Utc>) -> Self {
        let status = status(&row);
        let ready = status == MediaStatus::Ready;
        let link = |variant| address(app, &row, variant, expires_at);
        let smaller = |(variant, info): (Variant, VariantInfo)| {
            let created_view = MediaVariantView {
                url: link(Some(variant)),
                mime_type: info.mime_type,
                size: info.size,
                width: info.width,
                height: info.height,
            };
            (variant.as_str().to_owned(), created_view)
        };
        Self {
            status,
            url: ready.then(|| link(None)),
            url_expires_at: ready.then_some(expires_at),
            variants: media::variants_of(&row).into_iter().map(smaller).collect(),
            error: row
                .last_error
                .filter(|_| !matches!(status, MediaStatus::Ready | MediaStatus::Deleted)),
            id: row.id,
            kind: row.kind,
            origin: row.origin,
            mime_type: row.mime_type,
            filename: row.filename,
            size: row.size,
            sha256: row.digest.map(hex::encode),
            width: row.width,
            height: row.height,
            channel_id: row.channel_id,
            message_id: row.message_id,
            received_at: row.received_at,
            deleted_at: row.deleted_at,
        }
    }
}

fn status(row: &rows::StoredMedia) -> MediaStatus {
    match row.state {
        _ if row.deleted_at.is_some() => MediaStatus::Deleted,
        WorkState::Done => MediaStatus::Ready,
        WorkState::Pending | WorkState::Running => MediaStatus::Pending,
        _ => MediaStatus::Failed,
    }
}

fn address(app: &App, row: &rows::StoredMedia, variant: Option<Variant>, expires_at: DateTime<Utc>) -> String {
    let link = MediaLink {
        tenant: row.tenant_id,
        media: row.id,
        variant,
        expires_at,
    };
    let token = sign_link(&app.config.keyring, &link);
    let host = app.config.public_url.as_deref().unwrap_or_default();
    format!("{host}/api/v1/media/{}/content?token={token}", row.id)
}

/// Sets the lifetime of the links.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MediaLinkQuery {
    /// Seconds; an hour unless said otherwise.
    #[param(minimum = 1, maximum = 604800, default = 3600)]
    expires_in: Option<i64>,
}

/// Show media
///
/// Includes links to its content that need no API key and expire.
#[utoipa::path(get, path = "/api/v1/media/{id}", params(("id" = MediaId, Path), MediaLinkQuery),
    responses((status = 200, description = "The media", body = MediaView)))]
pub async fn show(
    caller: May<perm::ConversationsRead>,
    State(app): State<App>,
    Path(id): Path<MediaId>,
    Query(query): Query<MediaLinkQuery>,
) -> Result<Json<MediaView>, Problem> {
    let seconds = query.expires_in.unwrap_or(DEFAULT_LINK_SECONDS);
    if !(1..=MAX_LINK_SECONDS).contains(&seconds) {
        let detail = format!("`expires_in` must be a whole number of seconds from 1 to {MAX_LINK_SECONDS}.");
        return Err(Problem::invalid(detail));
    }
    let mut tx = caller.begin().await?;
    let found = rows::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("media {id}")))?;
    let expires_at = app.clock.now() + TimeDelta::seconds(seconds);
    Ok(Json(MediaView::new(&app, row, expires_at)))
}

/// Returns media just created, as [`show`] does.
pub(super) async fn created_view(app: &App, caller: &TenantAccess, id: MediaId) -> Result<MediaView, Problem> {
    let mut tx = caller.begin().await?;
    let found = rows::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("media {id}")))?;
    Ok(MediaView::new(
        app,
        row,
        app.clock.now() + TimeDelta::seconds(DEFAULT_LINK_SECONDS),
    ))
}

/// Delete media
///
/// Deletes it permanently, with its variants. Messages keep its id; Meta's copy of a sent file expires after 30 days.
#[utoipa::path(delete, path = "/api/v1/media/{id}", params(("id" = MediaId, Path)),
    responses((status = 204, description = "Gone")))]
pub async fn delete(
    caller: May<perm::MessagesSend>,
    State(app): State<App>,
    Path(id): Path<MediaId>,
) -> Result<StatusCode, Problem> {
    if media::delete(&app.media, &caller, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format_args!(
        "media {id}, or it was deleted already"
    )))
}
