use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::{ChannelId, MediaId, MessageId, Origin, WorkState},
    http::{
        auth::{Reader, Writer},
        extract::{Path, Query},
        problem::Problem,
    },
    media::{self, MediaLink, Variant, VariantInfo, sign_link, store as rows},
};

/// Seconds a link is good for: unless said otherwise, and at most.
const LINK: i64 = 3_600;
const LONGEST_LINK: i64 = 7 * 24 * 3_600;

/// A file that somebody sent, or that was uploaded to be sent.
#[derive(Serialize, ToSchema)]
pub struct Media {
    pub id: MediaId,
    /// `image`, `video`, `audio`, `document` or `sticker`: the type of the message it came with or can go with.
    #[serde(rename = "type")]
    pub kind: String,
    /// As of the message it came with: `customer`, `echo` or `history`; `api` when it was uploaded.
    pub origin: Origin,
    pub status: MediaStatus,
    /// As it was found to be; while it is pending, as Meta says.
    #[schema(required)]
    pub mime_type: Option<String>,
    #[schema(required)]
    pub filename: Option<String>,
    /// In bytes.
    #[schema(required)]
    pub size: Option<i64>,
    /// Of the bytes, in hexadecimal.
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
    /// Why it could not be fetched; of a pending one, why not yet.
    #[schema(required)]
    pub error: Option<String>,
    pub received_at: DateTime<Utc>,
    #[schema(required)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Where anybody may read it, without a key, until `url_expires_at`. A path, unless MAINSTAY_PUBLIC_URL is set.
    #[schema(required)]
    pub url: Option<String>,
    #[schema(required)]
    pub url_expires_at: Option<DateTime<Utc>>,
    /// Smaller pictures of an image, by `thumbnail` (within 200 pixels) and `medium` (600); none of one that is broken, longer than 20 MiB,
    /// or would take more than 160 MiB to unpack.
    pub variants: BTreeMap<String, Smaller>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaStatus {
    /// It is being fetched from Meta.
    Pending,
    Ready,
    /// It could not be fetched.
    Failed,
    /// By request or by age.
    Deleted,
}

/// A smaller picture.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaVariantShown)]
pub struct Smaller {
    pub url: String,
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    pub width: u32,
    pub height: u32,
}

impl Media {
    fn new(app: &App, row: rows::StoredMedia, expires_at: DateTime<Utc>) -> Self {
        let status = status(&row);
        let ready = status == MediaStatus::Ready;
        let link = |variant| address(app, &row, variant, expires_at);
        let smaller = |(variant, info): (Variant, VariantInfo)| {
            let shown = Smaller {
                url: link(Some(variant)),
                mime_type: info.mime_type,
                size: info.size,
                width: info.width,
                height: info.height,
            };
            (variant.as_str().to_owned(), shown)
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
    match WorkState::parse(&row.state) {
        _ if row.deleted_at.is_some() => MediaStatus::Deleted,
        Some(WorkState::Done) => MediaStatus::Ready,
        Some(WorkState::Pending | WorkState::Running) => MediaStatus::Pending,
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

/// For how long the links shall be good.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Lasting {
    /// Seconds; an hour unless said otherwise.
    #[param(minimum = 1, maximum = 604800, default = 3600)]
    expires_in: Option<i64>,
}

/// Show media
///
/// With links to its bytes that need no API key and end by themselves.
#[utoipa::path(get, path = "/api/v1/media/{id}", params(("id" = MediaId, Path), Lasting),
    responses((status = 200, description = "The media", body = Media)))]
pub async fn show(
    reader: Reader,
    State(app): State<App>,
    Path(id): Path<MediaId>,
    Query(lasting): Query<Lasting>,
) -> Result<Json<Media>, Problem> {
    let seconds = lasting.expires_in.unwrap_or(LINK);
    if !(1..=LONGEST_LINK).contains(&seconds) {
        let detail = format!("`expires_in` must be a whole number of seconds from 1 to {LONGEST_LINK}.");
        return Err(Problem::invalid(detail));
    }
    let mut tx = reader.begin().await?;
    let found = rows::find(&mut tx, reader.tenant, id).await?;
    tx.commit().await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("media {id}")))?;
    let expires_at = app.clock.now() + TimeDelta::seconds(seconds);
    Ok(Json(Media::new(&app, row, expires_at)))
}

/// What was just made, as [`show`] shows it.
pub(super) async fn shown(app: &App, writer: &Writer, id: MediaId) -> Result<Media, Problem> {
    let mut tx = writer.begin().await?;
    let found = rows::find(&mut tx, writer.tenant, id).await?;
    tx.commit().await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("media {id}")))?;
    Ok(Media::new(app, row, app.clock.now() + TimeDelta::seconds(LINK)))
}

/// Delete media
///
/// For good, with its variants. Messages go on naming it; what Meta was sent of it ends with Meta after 30 days.
#[utoipa::path(delete, path = "/api/v1/media/{id}", params(("id" = MediaId, Path)),
    responses((status = 204, description = "Gone")))]
pub async fn delete(writer: Writer, State(app): State<App>, Path(id): Path<MediaId>) -> Result<StatusCode, Problem> {
    if media::delete(&app.media, writer.tenant, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found(format_args!(
        "media {id}, or it was deleted already"
    )))
}
