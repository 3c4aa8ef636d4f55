//! Conversations: an inbox list with search.

use axum::Json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::contacts::{identities, in_use};
use crate::{
    domain::{ChannelId, ContactId, ConversationId, Direction, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records::{contacts, conversations},
};

const LIST: &str = "conversations";

/// The messages between one channel and one contact.
#[derive(Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationView {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub contact: Correspondent,
    pub last_message: LastMessage,
    /// End of the service window, after which only templates may be sent. Null when the customer never wrote nor called.
    #[schema(required)]
    pub window_expires_at: Option<DateTime<Utc>>,
    pub unread_count: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The contact, as an inbox displays it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Correspondent {
    pub id: ContactId,
    /// `person` or `group`.
    #[schema(required)]
    pub kind: Option<String>,
    #[schema(required)]
    pub name: Option<String>,
    #[schema(required)]
    pub phone: Option<String>,
    #[schema(required)]
    pub username: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LastMessage {
    /// Meta's id; null for a message sent from here until Meta has accepted it.
    #[schema(required)]
    pub wamid: Option<String>,
    pub direction: Direction,
    /// Meta's message type; `call` if the customer has called since.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its first 200 characters.
    #[schema(required)]
    pub text: Option<String>,
    pub timestamp: DateTime<Utc>,
}

impl ConversationView {
    fn new(row: conversations::Conversation, identities: &[contacts::IdentityRecord]) -> Self {
        Self {
            id: row.id,
            channel_id: row.channel_id,
            contact_id: row.contact_id,
            contact: Correspondent {
                id: row.contact_id,
                kind: row.contact_kind,
                name: row.contact_name,
                phone: in_use(identities, "phone"),
                username: in_use(identities, "username"),
            },
            last_message: LastMessage {
                wamid: Some(row.last_message_wamid).filter(|wamid| !wamid.is_empty()),
                direction: row.last_message_direction,
                kind: row.last_message_type,
                text: row.last_message_text,
                timestamp: row.last_message_at,
            },
            window_expires_at: row.window_expires_at,
            unread_count: row.unread_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Selects the conversations of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversationsQuery {
    /// Conversations of this channel only.
    channel: Option<ChannelId>,
    /// `true`: with unread messages; `false`: without.
    unread: Option<bool>,
    /// Text to search for, case-insensitive. It finds two kinds of conversation: those whose contact's name, phone number or user name
    /// begins with it (of each at most 500 contacts), and among the 5,000 most recently active those that contain it in the name, the
    /// phone number, the user name or the first 200 characters of the last message. A phone number may be written with `+`, spaces, dots,
    /// dashes and brackets, and needs at least three digits. On SQLite, letters other than A to Z match case-sensitively.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// List conversations
///
/// The most recently active first. With `channel` or `unread`, a page examines at most 50,000 conversations, so it may hold fewer than
/// `limit` and still have a next one.
#[utoipa::path(get, path = "/api/v1/conversations", params(PagingParams, ListConversationsQuery),
    responses((status = 200, description = "A page of conversations", body = Page<ConversationView>)))]
pub async fn list(
    caller: May<perm::ConversationsRead>,
    paging: Paging,
    Query(query): Query<ListConversationsQuery>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let before = paging.key(LIST)?;
    let filter = conversations::ConversationFilter {
        channel: query.channel,
        unread: query.unread,
    };
    let text = query.q.unwrap_or_default();
    if text.chars().count() > 200 {
        return Err(Problem::invalid("`q` is longer than 200 characters."));
    }
    let mut tx = caller.begin().await?;
    let (rows, floor) = match conversations::SearchTerm::parse(&text) {
        None => conversations::list(tx.on(), caller.tenant, filter, before, paging.rows()).await?,
        Some(needle) => {
            let found = conversations::search(tx.on(), caller.tenant, &needle, filter, before, paging.rows()).await?;
            (found, None)
        }
    };
    let page = Page::filtered(&paging, LIST, rows, floor, |row| (row.last_message_at, row.id));
    let contacts: Vec<ContactId> = page.data.iter().map(|row| row.contact_id).collect();
    let known_by = identities(&mut tx, caller.tenant, &contacts).await?;
    tx.commit().await?;
    Ok(Json(page.map(|row| {
        let identities = known_by.get(&row.contact_id).map_or(&[][..], Vec::as_slice);
        ConversationView::new(row, identities)
    })))
}

/// Show a conversation
#[utoipa::path(get, path = "/api/v1/conversations/{id}", params(("id" = ConversationId, Path)),
    responses((status = 200, description = "The conversation", body = ConversationView)))]
pub async fn show(
    caller: May<perm::ConversationsRead>,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    let mut tx = caller.begin().await?;
    let found = conversations::find(tx.on(), caller.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("conversation {id}")))?;
    let identities = contacts::list_identities(tx.on(), caller.tenant, &[row.contact_id]).await?;
    tx.commit().await?;
    Ok(Json(ConversationView::new(row, &identities)))
}
