//! What is told of media: `media.ready` and `media.failed`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::fetch::Fetched;
use crate::{
    app::App,
    db::Result,
    domain::{ChannelId, ConversationId, MediaId, MessageId},
    store::{
        events::{self, NewEvent},
        media::{self, Untold},
    },
};

/// The shape of `data`; raised when a receiver could be surprised.
const VERSION: i64 = 1;
const CHUNK: i64 = 100;

#[derive(Serialize)]
struct Data<'a> {
    media: Told<'a>,
}

/// Media as events carry them; the API shows the same names.
#[derive(Serialize)]
struct Told<'a> {
    id: MediaId,
    r#type: &'a str,
    mime_type: Option<&'a str>,
    filename: Option<&'a str>,
    size: Option<u64>,
    sha256: Option<String>,
    channel_id: Option<ChannelId>,
    conversation_id: Option<ConversationId>,
    message_id: Option<MessageId>,
    wamid: Option<&'a str>,
    error: Option<&'a str>,
}

pub(super) fn ready(app: &App, fetched: &Fetched<'_>, now: DateTime<Utc>) -> NewEvent {
    let row = fetched.row;
    let told = Told {
        id: row.id,
        r#type: &row.kind,
        mime_type: Some(fetched.mime_type),
        filename: row.filename.as_deref(),
        size: Some(fetched.draft.size),
        sha256: Some(hex::encode(fetched.draft.digest)),
        channel_id: Some(row.channel_id),
        conversation_id: fetched.conversation,
        message_id: Some(row.message_id),
        wamid: fetched.wamid.as_deref(),
        error: None,
    };
    NewEvent {
        tenant: row.tenant_id,
        id: app.clock.new_id(),
        kind: "media.ready",
        version: VERSION,
        occurred_at: now,
        channel: Some(row.channel_id),
        conversation: fetched.conversation,
        data: serde_json::to_string(&Data { media: told }).expect("text and numbers always serialise"),
    }
}

fn failed(app: &App, row: &Untold) -> NewEvent {
    let told = Told {
        id: row.id,
        r#type: &row.kind,
        mime_type: row.mime_type.as_deref(),
        filename: row.filename.as_deref(),
        size: None,
        sha256: None,
        channel_id: row.channel_id,
        conversation_id: row.conversation_id,
        message_id: row.message_id,
        wamid: row.wamid.as_deref(),
        error: Some(row.last_error.as_deref().unwrap_or("it was set aside by the operator")),
    };
    NewEvent {
        tenant: row.tenant_id,
        id: app.clock.new_id(),
        kind: "media.failed",
        version: VERSION,
        occurred_at: row.finished_at,
        channel: row.channel_id,
        conversation: row.conversation_id,
        data: serde_json::to_string(&Data { media: told }).expect("text and numbers always serialise"),
    }
}

/// Tells of media that could not be had, once each, whoever ended them: the job, the frame after the last attempt, or the operator. Answers
/// how many.
pub async fn tell_failures(app: &App) -> Result<usize> {
    let untold = media::untold(app.db.reader(), CHUNK).await?;
    if untold.is_empty() {
        return Ok(0);
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let ours = media::mark_told(&mut tx, &untold, now).await?;
    let mine = |row: &&Untold| ours.iter().any(|(id,)| *id == row.id);
    let new: Vec<NewEvent> = untold.iter().filter(mine).map(|row| failed(app, row)).collect();
    events::append(&mut tx, &new, now).await?;
    tx.commit().await?;
    metrics::counter!("mainstay_media_failed_total").increment(new.len() as u64);
    Ok(new.len())
}
