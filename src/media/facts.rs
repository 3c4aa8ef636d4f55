//! What is told of media: `media.ready` and `media.failed`.

use chrono::{DateTime, Utc};

use super::fetch::Fetched;
use crate::{
    db::Result,
    events::media::{FAILED, Media, READY, Told},
    media::MediaService,
    media::store::{self, Untold},
    records::events::{self, NewEvent},
};

const CHUNK: i64 = 100;

pub(super) fn ready(service: &MediaService, fetched: &Fetched<'_>, now: DateTime<Utc>) -> NewEvent {
    let row = fetched.row;
    let media = Media {
        id: row.id,
        kind: &row.kind,
        mime_type: Some(fetched.mime_type),
        filename: fetched.filename,
        size: Some(fetched.draft.size),
        sha256: Some(hex::encode(fetched.draft.digest)),
        channel_id: Some(row.channel_id),
        conversation_id: fetched.conversation,
        message_id: Some(row.message_id),
        wamid: fetched.wamid.as_deref(),
        error: None,
    };
    let event = NewEvent::new(&service.clock, row.tenant_id, &READY, now, &Told { media });
    NewEvent {
        conversation: fetched.conversation,
        ..event.on(row.channel_id)
    }
}

fn failed(service: &MediaService, row: &Untold) -> NewEvent {
    let media = Media {
        id: row.id,
        kind: &row.kind,
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
    let event = NewEvent::new(&service.clock, row.tenant_id, &FAILED, row.finished_at, &Told { media });
    NewEvent {
        channel: row.channel_id,
        conversation: row.conversation_id,
        ..event
    }
}

/// Tells of media that could not be had, once each, whoever ended them: the job, the frame after the last attempt, or the operator. Answers
/// how many.
pub async fn tell_failures(service: &MediaService) -> Result<usize> {
    let untold = store::untold(service.db.reader(), CHUNK).await?;
    if untold.is_empty() {
        return Ok(0);
    }
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let ours = store::mark_told(&mut tx, &untold, now).await?;
    let mine = |row: &&Untold| ours.iter().any(|(id,)| *id == row.id);
    let new: Vec<NewEvent> = untold.iter().filter(mine).map(|row| failed(service, row)).collect();
    events::append(&mut tx, &new, now).await?;
    tx.commit().await?;
    metrics::counter!("mainstay_media_failed_total").increment(new.len() as u64);
    Ok(new.len())
}
