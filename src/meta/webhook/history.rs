//! `history[]`: conversations from before the number joined, in chunks that may arrive in any order (coexistence).
//! One webhook may hold thousands of messages. Media of the last two weeks follows as plain `messages[]` under the
//! same field.

use super::batch::{Beside, event, unknown};
use super::json::{Json, Members, elements};
use super::{Change, Message, Person, StatusKind, UnknownReason, error, message};
use crate::events;

#[derive(Debug, Clone, PartialEq)]
pub struct HistoryMessage {
    /// When `from_business`, `to` is set if the thread is with a person.
    pub message: Message,
    /// The number (or BSUID) of the person the thread is with; None for late media.
    pub thread_id: Option<String>,
    pub from_business: bool,
    /// How far the message had come.
    pub status: Option<StatusKind>,
    /// 0 the last day, 1 up to day 90, 2 up to day 180.
    pub phase: Option<i64>,
    pub chunk: Option<i64>,
    /// Percent of the whole synchronisation.
    pub progress: Option<i64>,
}

/// Takes an item with its path.
type Keep<'a> = dyn FnMut(&str, Change) + 'a;

/// Hands on each message and each error of one chunk with its path; a chunk of neither is one event.
pub(super) fn chunk(beside: &Beside<'_>, path: &str, raw: &str, keep: &mut Keep<'_>) {
    let Some(members) = Members::read(raw) else {
        return keep(path, unknown(UnknownReason::WrongShape, raw));
    };
    let metadata = members.get("metadata").map(Json::read).unwrap_or_default();
    let threads = each(
        members.get("threads"),
        &format!("{path}/threads"),
        keep,
        |path, raw, keep| {
            thread(beside, &metadata, path, raw, keep);
        },
    );
    let errors = each(
        members.get("errors"),
        &format!("{path}/errors"),
        keep,
        |path, raw, keep| {
            let change = error::error(beside, &Json::read(raw), raw);
            keep(path, change.unwrap_or_else(|reason| unknown(reason, raw)));
        },
    );
    if threads + errors == 0 {
        keep(path, event(&events::meta::HISTORY, None, raw));
    }
}

fn thread(beside: &Beside<'_>, metadata: &Json<'_>, path: &str, raw: &str, keep: &mut Keep<'_>) {
    let Some(members) = Members::read(raw) else {
        return keep(path, unknown(UnknownReason::WrongShape, raw));
    };
    let id = members.get("id").map(Json::read).unwrap_or_default();
    let messages = each(
        members.get("messages"),
        &format!("{path}/messages"),
        keep,
        |path, raw, keep| {
            let change = past_message(beside, metadata, &id, &Json::read(raw), raw);
            keep(path, change.unwrap_or_else(|reason| unknown(reason, raw)));
        },
    );
    if messages == 0 {
        keep(path, unknown(UnknownReason::NothingRecognised, raw));
    }
}

/// Calls back for each element of a list with its path, and tells how many items there were; something else than a list is one `Unknown`.
fn each(
    list: Option<&str>,
    path: &str,
    keep: &mut Keep<'_>,
    mut element: impl FnMut(&str, &str, &mut Keep<'_>),
) -> usize {
    match list.map(|raw| (raw, elements(raw))) {
        None | Some(("null", _)) => 0,
        Some((raw, None)) => {
            keep(path, unknown(UnknownReason::WrongShape, raw));
            1
        }
        Some((_, Some(list))) => {
            for (index, it) in list.iter().enumerate() {
                element(&format!("{path}/{index}"), it.get(), keep);
            }
            list.len()
        }
    }
}

/// A message of the past. Late media has neither metadata nor thread: both are `Null` then.
pub(super) fn past_message(
    beside: &Beside<'_>,
    metadata: &Json<'_>,
    thread_id: &Json<'_>,
    json: &Json<'_>,
    raw: &str,
) -> Result<Change, UnknownReason> {
    if !json.is_object() {
        return Err(UnknownReason::WrongShape);
    }
    let mut message = message::read(beside, json, raw)?;
    let thread = Person::read(thread_id, &Json::Null, &Json::Null);
    let from_business = is_from_business(beside, &message, &thread);
    if message.group_id.is_none() && !thread.is_anonymous() {
        if from_business && message.to.is_none() {
            message.to = Some(thread);
        } else if !from_business && message.sender.is_anonymous() {
            // Who hides the phone number has no `from`, but the thread says whose it is.
            message.sender = thread;
        }
    }
    match (&mut message.to, from_business) {
        (Some(to), true) => to.join(beside.contacts, beside.only_element),
        (_, false) => message.sender.join(beside.contacts, beside.only_element),
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

fn is_from_business(beside: &Beside<'_>, message: &Message, thread: &Person) -> bool {
    let sender = &message.sender;
    if sender.phone.is_some() && sender.phone.as_deref() == beside.display_phone_number {
        return true;
    }
    let is_the_other = (sender.phone.is_some() && sender.phone == thread.phone)
        || (sender.user_id.is_some() && sender.user_id == thread.user_id);
    !is_the_other && message.to.is_some()
}

/// History has two words of its own.
fn past_status(text: &str) -> StatusKind {
    match text {
        "PENDING" => StatusKind::Accepted,
        "ERROR" => StatusKind::Failed,
        other => StatusKind::parse(other),
    }
}
