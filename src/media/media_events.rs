//! Events `media.ready` and `media.failed`.

use chrono::{DateTime, Utc};

use super::fetch::FetchedMedia;
use crate::{
    db::Result,
    events::media::{FAILED, MediaEvent, MediaSummary, READY},
    media::MediaService,
    media::store::{self, UnreportedFailure},
    records::events::{self, NewEvent},
};

const BATCH: i64 = 100;

pub(super) fn ready_event(service: &MediaService, fetched: &FetchedMedia<'_>, now: DateTime<Utc>) -> NewEvent {
    let row = fetched.row;
    let media = MediaSummary {
        id: row.id,
        kind: &row.kind,
        mime_type: Some(fetched.mime_type),
        filename: fetched.filename,
        size: Some(fetched.staged.size),
        sha256: Some(hex::encode(fetched.staged.digest)),
        channel_id: Some(row.channel_id),
        conversation_id: fetched.conversation,
        message_id: Some(row.message_id),
        wamid: fetched.wamid.as_deref(),
        error: None,
    };
    let event = NewEvent::new(&service.clock, row.tenant_id, &READY, now, &MediaEvent { media });
    NewEvent {
        conversation: fetched.conversation,
        ..event.on(row.channel_id)
    }
}

fn failed_event(service: &MediaService, row: &UnreportedFailure) -> NewEvent {
    let media = MediaSummary {
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
    let event = NewEvent::new(
        &service.clock,
        row.tenant_id,
        &FAILED,
        row.finished_at,
        &MediaEvent { media },
    );
    NewEvent {
        channel: row.channel_id,
        conversation: row.conversation_id,
        ..event
    }
}

/// Emits an event for each failed fetch that has none yet, whether the job, the queue (after the last attempt) or the operator ended it.
/// Returns the number of events.
pub(crate) async fn emit_failures(service: &MediaService) -> Result<usize> {
    let unreported = store::unreported_failures(service.db.reader(), BATCH).await?;
    if unreported.is_empty() {
        return Ok(0);
    }
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let marked = store::mark_reported(tx.on(), &unreported, now).await?;
    let is_marked = |row: &&UnreportedFailure| marked.iter().any(|(id,)| *id == row.id);
    let new: Vec<NewEvent> = unreported
        .iter()
        .filter(is_marked)
        .map(|row| failed_event(service, row))
        .collect();
    events::append(&mut tx, &new, now).await?;
    tx.commit().await?;
    metrics::counter!("mainstay_media_failed_total").increment(new.len() as u64);
    Ok(new.len())
}
