//! Messages in both directions, with their attempts and statuses.

mod failure;
mod view;

use axum::{Json as Body, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use failure::{MessageError, SuggestedTemplate};
pub(crate) use view::{AttemptView, MessageView, MessageWithStatuses, SendingView, StatusReportView};

use crate::{
    app::App,
    domain::{BatchId, ChannelId, ContactId, ConversationId, Direction, MessageId, Status, perm},
    http::{
        auth::May,
        extract::{Path, Query, Rfc3339},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    messaging::{
        WINDOW_CLOSED,
        accept::{OUTBOUND, suggest_instead},
        store::sends,
    },
    queue::admin,
    records::{
        conversations::{self, ConversationKey},
        messages::{self, MessageFilter},
    },
};

const LIST: &str = "messages";
const OF_CONVERSATIONS: &str = "messages-of-conversations";
const IN_CONVERSATION: &str = "conversation-messages";

/// Selects the messages of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessagesQuery {
    /// Messages of this channel only.
    channel: Option<ChannelId>,
    /// Messages from and to this contact, on all channels.
    contact: Option<ContactId>,
    conversation: Option<ConversationId>,
    direction: Option<Direction>,
    status: Option<Status>,
    /// The caller's own reference, in full.
    reference: Option<String>,
    /// Messages of this batch request.
    batch: Option<BatchId>,
    /// The name of the template that they were made from.
    #[param(example = "order_update")]
    template: Option<String>,
    /// Stored here at this time or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    since: Option<Rfc3339>,
    /// Stored here before this time.
    #[param(value_type = Option<DateTime<Utc>>)]
    until: Option<Rfc3339>,
}

impl From<ListMessagesQuery> for MessageFilter {
    fn from(query: ListMessagesQuery) -> Self {
        Self {
            channel: query.channel,
            contact: query.contact,
            conversation: query.conversation,
            inbound: query.direction.map(|direction| direction == Direction::Inbound),
            status: query.status,
            reference: query.reference,
            batch: query.batch,
            template: query.template,
            since: query.since.map(|Rfc3339(at)| at),
            until: query.until.map(|Rfc3339(at)| at),
        }
    }
}

/// List messages
///
/// Lists the messages of all conversations, newest first: by the time they were stored, and with `contact` or `conversation` by Meta's
/// timestamp. With a filter, a page examines at most 20,000 messages, of a contact as many in each conversation, so it may hold fewer than
/// `limit` and still have a next one.
#[utoipa::path(get, path = "/api/v1/messages", params(PagingParams, ListMessagesQuery),
    responses((status = 200, description = "A page of messages", body = Page<MessageView>)))]
pub async fn list(
    caller: May<perm::ConversationsRead>,
    paging: Paging,
    Query(query): Query<ListMessagesQuery>,
) -> Result<Body<Page<MessageView>>, Problem> {
    let filter = MessageFilter::from(query);
    let page = if filter.is_of_conversations() {
        let before = paging.key(OF_CONVERSATIONS)?;
        let mut tx = caller.begin().await?;
        let (rows, floor) =
            messages::list_of_conversations(tx.on(), caller.tenant, &filter, before, paging.rows()).await?;
        tx.commit().await?;
        Page::filtered(&paging, OF_CONVERSATIONS, rows, floor, |row| (row.sent_at, row.id))
    } else {
        let before = paging.key(LIST)?;
        let mut tx = caller.begin().await?;
        let (rows, floor) = messages::list(tx.on(), caller.tenant, &filter, before, paging.rows()).await?;
        tx.commit().await?;
        Page::filtered(&paging, LIST, rows, floor, |row| row.id)
    };
    Ok(Body(page.map(MessageView::from)))
}

/// List the messages of a conversation
///
/// Sorted by Meta's timestamp, newest first.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages",
    params(("id" = ConversationId, Path), PagingParams),
    responses((status = 200, description = "A page of messages", body = Page<MessageView>)))]
pub async fn in_conversation(
    caller: May<perm::ConversationsRead>,
    Path(id): Path<ConversationId>,
    paging: Paging,
) -> Result<Body<Page<MessageView>>, Problem> {
    let before = paging.key(IN_CONVERSATION)?;
    let mut tx = caller.begin().await?;
    let known = conversations::find(tx.on(), caller.tenant, id).await?;
    known.ok_or_else(|| Problem::not_found(format_args!("conversation {id}")))?;
    let (rows, floor) = messages::in_conversation(tx.on(), caller.tenant, id, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::filtered(&paging, IN_CONVERSATION, rows, floor, |row| (row.sent_at, row.id)).map(MessageView::from),
    ))
}

/// Show a message
///
/// Includes every attempt to send it and every status Meta reported; if its service window was closed, with the templates that can be sent
/// instead.
#[utoipa::path(get, path = "/api/v1/messages/{id}", params(("id" = MessageId, Path)),
    responses((status = 200, description = "The message", body = MessageWithStatuses)))]
pub async fn show(
    caller: May<perm::ConversationsRead>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
) -> Result<Body<MessageWithStatuses>, Problem> {
    let mut tx = caller.begin().await?;
    let found = messages::find(tx.on(), caller.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("message {id}")))?;
    let statuses = messages::statuses(tx.on(), caller.tenant, row.channel_id, id, row.wamid.clone()).await?;
    let attempts = sends::of_message(tx.on(), caller.tenant, id).await?;
    let work = sends::find(tx.on(), caller.tenant, id).await?;
    let (channel, contact) = (row.channel_id, row.contact_id);
    let paused = work.is_some() && admin::is_paused(&app.db, &OUTBOUND).await?;
    let sending = work.map(|work| SendingView::of(work, row.status, paused));
    let sending = sending.unwrap_or_default();
    let attempts: Vec<AttemptView> = attempts.into_iter().map(AttemptView::from).collect();
    let statuses: Vec<StatusReportView> = statuses.into_iter().map(StatusReportView::from).collect();
    let mut message = MessageView::from(row);
    if let Some(error) = &mut message.error {
        error.details = details(error.code, &attempts, &statuses);
        if error.code == Some(WINDOW_CLOSED) {
            let pair = ConversationKey {
                tenant: caller.tenant,
                channel,
                contact,
            };
            let would_do = suggest_instead(&mut tx, &[pair]).await?.remove(&(channel, contact));
            error.templates = would_do.map(|it| it.into_iter().map(SuggestedTemplate::from).collect());
        }
    }
    tx.commit().await?;
    Ok(Body(MessageWithStatuses {
        message,
        sending,
        attempts,
        statuses,
    }))
}

/// Returns the latest details about this code: of a status, else of an attempt.
fn details(code: Option<i64>, attempts: &[AttemptView], statuses: &[StatusReportView]) -> Option<String> {
    let reported = statuses.iter().rev().filter_map(|it| it.error.as_ref());
    let mut reported = reported.filter(|it| code == Some(it.code));
    let mut answered = attempts.iter().rev();
    let same = |it: &&AttemptView| it.error.as_ref().map(|error| error.code) == code;
    reported
        .find_map(|it| it.details.clone())
        .or_else(|| answered.find(same).and_then(|it| it.details.clone()))
}
