use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::ChannelId,
    http::{
        auth::Reader,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    store,
};

const LIST: &str = "channels";

/// A business phone number. Its secrets are never shown.
#[derive(Serialize, ToSchema)]
pub struct Channel {
    pub id: ChannelId,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of the WhatsApp Business Account.
    pub waba_id: String,
    /// As people dial it; known from the first webhook on.
    #[schema(required)]
    pub display_phone_number: Option<String>,
    /// Whether its webhooks are signed by an app secret of its own.
    pub has_app_secret: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<store::channels::Channel> for Channel {
    fn from(row: store::channels::Channel) -> Self {
        Self {
            id: row.id,
            phone_number_id: row.phone_number_id,
            waba_id: row.waba_id,
            display_phone_number: row.display_phone_number,
            has_app_secret: row.app_secret.is_some(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// List channels
///
/// The phone numbers of the tenant, the oldest first.
#[utoipa::path(get, path = "/api/v1/channels", tag = "Reading", params(PagingParams),
    responses((status = 200, description = "A page of channels", body = Page<Channel>)))]
pub async fn list(reader: Reader, paging: Paging) -> Result<Json<Page<Channel>>, Problem> {
    let after = paging.key(LIST)?;
    let mut tx = reader.begin().await?;
    let rows = store::channels::page(&mut tx, reader.tenant, after, paging.rows()).await?;
    tx.commit().await?;
    Ok(Json(Page::new(&paging, LIST, rows, |row| row.id).map(Channel::from)))
}
