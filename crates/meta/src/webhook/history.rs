//! `history[]`: conversations from before the number joined, in chunks that may arrive in any order (coexistence). One webhook may hold
//! thousands of messages. Media of the last two weeks follows as plain `messages[]` under the same field.

use super::batch::{ValueContext, event, unknown};
use super::json::{JsonTree, Members, elements};
use super::{Change, StatusKind, UnknownReason, WebhookMessage, WhatsAppUser, error, message};
use mainstay_events as events;

#[derive(Debug, Clone, PartialEq)]
pub struct HistoryMessage {
    /// If `from_business`, `to` is set when the thread is with a person.
    pub message: WebhookMessage,
    /// The number (or BSUID) that the thread is with; `None` for late media.
    pub thread_id: Option<String>,
    pub from_business: bool,
    /// The message's last status.
    pub status: Option<StatusKind>,
    /// 0: the last day; 1: up to day 90; 2: up to day 180.
    pub phase: Option<i64>,
    pub chunk: Option<i64>,
    /// Percentage of the whole synchronisation.
    pub progress: Option<i64>,
}

/// Callback that takes an item with its path.
type Emit<'a> = dyn FnMut(&str, Change) + 'a;

/// Emits each message and each error of one chunk with its path; a chunk without either becomes one event.
pub(super) fn chunk(context: &ValueContext<'_>, path: &str, raw: &str, emit: &mut Emit<'_>) {
    let Some(members) = Members::read(raw) else {
        return emit(path, unknown(UnknownReason::WrongShape, raw));
    };
    let metadata = members.get("metadata").map(JsonTree::read).unwrap_or_default();
    let threads = for_each_element(
        members.get("threads"),
        &format!("{path}/threads"),
        emit,
        |path, raw, emit| {
            thread(context, &metadata, path, raw, emit);
        },
    );
    let errors = for_each_element(
        members.get("errors"),
        &format!("{path}/errors"),
        emit,
        |path, raw, emit| {
            let change = error::error(context, &JsonTree::read(raw), raw);
            emit(path, change.unwrap_or_else(|reason| unknown(reason, raw)));
        },
    );
    if threads + errors == 0 {
        emit(path, event(&events::meta::HISTORY, None, raw));
    }
}

fn thread(context: &ValueContext<'_>, metadata: &JsonTree<'_>, path: &str, raw: &str, emit: &mut Emit<'_>) {
    let Some(members) = Members::read(raw) else {
        return emit(path, unknown(UnknownReason::WrongShape, raw));
    };
    let id = members.get("id").map(JsonTree::read).unwrap_or_default();
    let messages = for_each_element(
        members.get("messages"),
        &format!("{path}/messages"),
        emit,
        |path, raw, emit| {
            let change = past_message(context, metadata, &id, &JsonTree::read(raw), raw);
            emit(path, change.unwrap_or_else(|reason| unknown(reason, raw)));
        },
    );
    if messages == 0 {
        emit(path, unknown(UnknownReason::NothingRecognised, raw));
    }
}

/// Calls `element` for each element of a list with its path and returns their number; a value that is not a list becomes one `Unknown`.
fn for_each_element(
    list: Option<&str>,
    path: &str,
    emit: &mut Emit<'_>,
    mut element: impl FnMut(&str, &str, &mut Emit<'_>),
) -> usize {
    match list.map(|raw| (raw, elements(raw))) {
        None | Some(("null", _)) => 0,
        Some((raw, None)) => {
            emit(path, unknown(UnknownReason::WrongShape, raw));
            1
        }
        Some((_, Some(list))) => {
            for (index, it) in list.iter().enumerate() {
                element(&format!("{path}/{index}"), it.get(), emit);
            }
            list.len()
        }
    }
}

/// Reads a message of the history. For late media, `metadata` and `thread_id` are `Null`.
pub(super) fn past_message(
    context: &ValueContext<'_>,
    metadata: &JsonTree<'_>,
    thread_id: &JsonTree<'_>,
    json: &JsonTree<'_>,
    raw: &str,
) -> Result<Change, UnknownReason> {
    if !json.is_object() {
        return Err(UnknownReason::WrongShape);
    }
    let mut message = message::read(context, json, raw)?;
    let thread = WhatsAppUser::read(thread_id, &JsonTree::Null, &JsonTree::Null);
    let from_business = is_from_business(context, &message, &thread);
    if message.group_id.is_none() && !thread.is_anonymous() {
        if from_business && message.to.is_none() {
            message.to = Some(thread);
        } else if !from_business && message.sender.is_anonymous() {
            // A user who hides the phone number has no `from`; the thread names the user.
            message.sender = thread;
        }
    }
    match (&mut message.to, from_business) {
        (Some(to), true) => to.merge_contact(context.contacts, context.only_element),
        (_, false) => message.sender.merge_contact(context.contacts, context.only_element),
        (None, true) => {}
    }
    Ok(Change::History(Box::new(HistoryMessage {
        message,
        thread_id: thread_id.id(),
        from_business,
        status: json.get("history_context").get("status").str().map(past_status),
        phase: metadata.get("phase").int(),
        chunk: metadata.get("chunk_order").int(),
        progress: metadata.get("progress").int(),
    })))
}

fn is_from_business(context: &ValueContext<'_>, message: &WebhookMessage, thread: &WhatsAppUser) -> bool {
    let sender = &message.sender;
    if sender.phone.is_some() && sender.phone.as_deref() == context.display_phone_number {
        return true;
    }
    let is_the_other = (sender.phone.is_some() && sender.phone == thread.phone)
        || (sender.user_id.is_some() && sender.user_id == thread.user_id);
    !is_the_other && message.to.is_some()
}

/// Parses a history status, which has two values of its own.
fn past_status(text: &str) -> StatusKind {
    match text {
        "PENDING" => StatusKind::Accepted,
        "ERROR" => StatusKind::Failed,
        other => StatusKind::parse(other),
    }
}
