//! Messages in both directions, with their attempts and statuses.

mod failure;
mod view;

use axum::{Json as Body, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use failure::SuggestedTemplate;
pub(crate) use view::{AttemptView, MessageView, MessageWithStatuses, SendingView, StatusReportView};

use crate::{
    app::App,
    domain::{ChannelId, ConversationId, Direction, MessageId, Status, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    messaging::{WINDOW_CLOSED, accept::OUTBOUND, store::sends},
    queue::admin,
    records::{conversations, messages},
    templates::store::templates,
};

const LIST: &str = "messages";
const IN_CONVERSATION: &str = "conversation-messages";

/// Selects the messages of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessagesQuery {
    /// Messages of this channel only.
    channel: Option<ChannelId>,
    #[param(inline)]
    direction: Option<Direction>,
    /// `received`, `queued`, `sending`, `unknown`, `canceled`, `expired`, `accepted`, `sent`, `failed`, `delivered`, `read`, `played`
    /// or `deleted`.
    #[param(
        pattern = "^(received|queued|sending|unknown|canceled|expired|accepted|sent|failed|delivered|read|played|deleted)$"
    )]
    status: Option<String>,
}

impl ListMessagesQuery {
    fn filter(&self) -> Result<messages::MessageFilter, Problem> {
        let known = || Status::ALL.map(Status::as_str).join(", ");
        let status = self.status.as_deref().map(|text| {
            Status::parse(text).ok_or_else(|| Problem::invalid(format!("`status` must be one of {}.", known())))
        });
        Ok(messages::MessageFilter {
            channel: self.channel,
            inbound: self.direction.map(|direction| direction == Direction::Inbound),
            status: status.transpose()?,
        })
    }
}

/// List messages
///
/// Lists the messages of all conversations, newest first. With a filter, a page examines at most 20,000 messages, so it may hold fewer
/// than `limit` and still have a next one.
#[utoipa::path(get, path = "/api/v1/messages", params(PagingParams, ListMessagesQuery),
    responses((status = 200, description = "A page of messages", body = Page<MessageView>)))]
pub async fn list(
    caller: May<perm::ConversationsRead>,
    paging: Paging,
    Query(query): Query<ListMessagesQuery>,
) -> Result<Body<Page<MessageView>>, Problem> {
    let before = paging.key(LIST)?;
    let filter = query.filter()?;
    let mut tx = caller.begin().await?;
    let (rows, floor) = messages::list(tx.on(), caller.tenant, filter, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::filtered(&paging, LIST, rows, floor, |row| row.id).map(MessageView::from),
    ))
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
            let would_do = templates::suggest_to(tx.on(), caller.tenant, channel, contact).await?;
            error.templates = Some(would_do.into_iter().map(SuggestedTemplate::from).collect());
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
