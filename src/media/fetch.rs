//! Fetches inbound media from Meta into the store.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::StreamExt;

use super::{
    ingest::{self, IngestError, SizeLimit, StagedFile},
    limits::MAX_FILE_BYTES,
    media_events,
    name::safe_name,
    sniff,
};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{ConversationId, MediaFileId, MediaId},
    media::MEDIA_INBOUND,
    media::MediaService,
    media::store::{self, CompletedFetch, LeasedMedia},
    meta::graph,
    queue::{Outcome, counts},
    records::events,
};

/// Number of attempts (about an hour) after which a likely permanent error counts as permanent: an id may be unknown to Meta for a moment,
/// and bytes may be damaged in transit.
const LIKELY_PERMANENT_ATTEMPTS: i64 = 12;
/// Delay after Meta answered that requests are too frequent.
const RATE_LIMIT_DELAY: Duration = Duration::from_secs(300);

/// Result of a fetch, for its event.
pub(super) struct FetchedMedia<'a> {
    pub row: &'a LeasedMedia,
    pub(crate) staged: &'a StagedFile,
    pub mime_type: &'a str,
    pub filename: Option<&'a str>,
    pub conversation: Option<ConversationId>,
    pub wamid: Option<String>,
}

/// Error of one attempt, by what follows.
#[derive(Debug)]
enum AttemptError {
    /// Never succeeds.
    Permanent(String),
    /// Probably never succeeds.
    LikelyPermanent(String),
    Transient(String),
    RateLimited(String),
    Database(sqlx::Error),
}

/// Fetches the media of a leased row. Fails only on database errors.
pub async fn fetch(service: &MediaService, id: MediaId) -> db::Result<Outcome> {
    let Some(row) = store::find_leased(service.db.reader(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let outcome = match try_fetch(service, &row).await {
        Ok(()) => Outcome::Settled,
        Err(AttemptError::Database(error)) => return Err(error),
        Err(error) => outcome_of(&row, error),
    };
    let label = match &outcome {
        Outcome::Settled => "ready",
        Outcome::Discard { .. } => "failed",
        _ => "retry",
    };
    metrics::counter!("mainstay_media_fetched_total", "outcome" => label).increment(1);
    Ok(outcome)
}

fn outcome_of(row: &LeasedMedia, error: AttemptError) -> Outcome {
    match error {
        AttemptError::LikelyPermanent(error) if row.attempts < LIKELY_PERMANENT_ATTEMPTS => Outcome::retry(error),
        AttemptError::Permanent(error) | AttemptError::LikelyPermanent(error) => Outcome::discard(error),
        AttemptError::RateLimited(error) => Outcome::retry_after(RATE_LIMIT_DELAY, error),
        AttemptError::Transient(error) => Outcome::retry(error),
        AttemptError::Database(error) => Outcome::retry(error),
    }
}

async fn try_fetch(service: &MediaService, row: &LeasedMedia) -> Result<(), AttemptError> {
    if service.clock.now() >= row.deadline {
        let words = "it could not be fetched in the seven days for which Meta keeps media";
        return Err(AttemptError::Permanent(words.to_owned()));
    }
    let directory = service.directory.current();
    let route = directory.channel(row.channel_id);
    let route = route.ok_or_else(|| AttemptError::Transient("the channel is unknown".to_owned()))?;
    let access = route.access();
    let access =
        access.ok_or_else(|| AttemptError::Transient("the channel's access token cannot be decrypted".to_owned()))?;
    // A webhook's URL is optional and valid for minutes only; the request also gives size and digest.
    let info = service.graph.media(access, &row.meta_id).await?;
    if info.file_size.is_some_and(|size| size > MAX_FILE_BYTES) {
        return Err(AttemptError::Permanent(format!(
            "it is longer than {MAX_FILE_BYTES} bytes"
        )));
    }
    let download = service.graph.download(access, &info.url).await?;
    let limit = |_: &[u8]| {
        Ok(SizeLimit {
            max_bytes: MAX_FILE_BYTES,
            what: "a file from Meta",
        })
    };
    let staged = ingest::stage(service, row.tenant_id, download.body.boxed(), limit).await?;
    if let Err(error) = verify(row, &info, &staged) {
        staged.discard(service).await;
        return Err(error);
    }
    let declared = row.mime_type.as_deref().or(info.mime_type.as_deref());
    let mime_type = sniff::resolved_type(declared, &staged.head);
    metrics::counter!("mainstay_media_bytes_total", "direction" => "in").increment(staged.size);
    if !complete(service, row, &staged, &mime_type)
        .await
        .map_err(AttemptError::Database)?
    {
        staged.discard(service).await;
    }
    Ok(())
}

/// Checks size and SHA-256 against those that Meta reports.
fn verify(row: &LeasedMedia, info: &graph::MediaInfo, staged: &StagedFile) -> Result<(), AttemptError> {
    if info.file_size.is_some_and(|size| size != staged.size) {
        return Err(AttemptError::LikelyPermanent(
            "its size is not the one Meta reports".to_owned(),
        ));
    }
    let expected = [row.sha256.clone(), info.sha256.as_deref().and_then(digest)];
    if expected.iter().flatten().any(|expected| expected[..] != staged.digest) {
        metrics::counter!("mainstay_media_digest_mismatches_total").increment(1);
        return Err(AttemptError::LikelyPermanent(
            "its SHA-256 is not the one Meta reports".to_owned(),
        ));
    }
    Ok(())
}

/// Parses a SHA-256 in hexadecimal or base64, which Meta's webhooks and answers both use; `None` for anything else.
pub fn digest(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok());
    bytes.filter(|bytes| bytes.len() == 32)
}

/// Completes the row. Returns false if it is no longer this worker's: deleted, or leased by another.
async fn complete(service: &MediaService, row: &LeasedMedia, staged: &StagedFile, mime_type: &str) -> db::Result<bool> {
    if !retry_conflicts(|| try_complete(service, row, staged, mime_type)).await? {
        return Ok(false);
    }
    let waited = service.clock.now() - row.received_at;
    let seconds = waited.num_milliseconds().max(0) as f64 / 1_000.0;
    metrics::histogram!("mainstay_media_ready_seconds").record(seconds);
    Ok(true)
}

async fn try_complete(
    service: &MediaService,
    row: &LeasedMedia,
    staged: &StagedFile,
    mime_type: &str,
) -> db::Result<bool> {
    let mut tx = service.db.begin().await?;
    let file = match complete_in(&mut tx, service, row, staged, mime_type).await {
        Ok(None) => return tx.rollback().await.map(|()| false),
        ended => tx.close(ended).await?,
    };
    if let Some(file) = file {
        staged.queue_variants(service, file).await;
    }
    Ok(true)
}

async fn complete_in(
    tx: &mut Tx,
    service: &MediaService,
    row: &LeasedMedia,
    staged: &StagedFile,
    mime_type: &str,
) -> db::Result<Option<MediaFileId>> {
    let now = service.clock.now();
    let file = staged.commit(&mut *tx, now).await?;
    let ready = CompletedFetch {
        tenant: row.tenant_id,
        id: row.id,
        attempt: row.attempts,
        file,
        mime_type: mime_type.to_owned(),
        filename: row.filename.as_deref().and_then(|name| safe_name(name, mime_type)),
    };
    let Some((conversation, wamid)) = store::complete_fetch(tx.on(), &ready, now).await? else {
        return Ok(None);
    };
    let fetched = FetchedMedia {
        row,
        filename: ready.filename.as_deref(),
        staged,
        mime_type,
        conversation,
        wamid,
    };
    counts::add(tx.on(), &MEDIA_INBOUND, now, 1, 0).await?;
    events::append(tx, &[media_events::ready_event(service, &fetched, now)], now).await?;
    Ok(Some(file))
}

impl From<graph::Error> for AttemptError {
    fn from(error: graph::Error) -> Self {
        let words = error.to_string();
        match error {
            // 100: no such object, or not visible to this token; 131052: the file is not available.
            graph::Error::Refused(refusal) => match refusal.code {
                100 | 131_052 => Self::LikelyPermanent(words),
                4 | 80_007 | 80_008 | 130_429 => Self::RateLimited(words),
                _ => Self::Transient(words),
            },
            graph::Error::Expired | graph::Error::ForeignHost(_) | graph::Error::Unreadable { .. } => {
                Self::LikelyPermanent(words)
            }
            graph::Error::NoAnswer(_) | graph::Error::Source(_) => Self::Transient(words),
        }
    }
}

impl From<IngestError<graph::Error>> for AttemptError {
    fn from(error: IngestError<graph::Error>) -> Self {
        match error {
            IngestError::Source(error) => error.into(),
            IngestError::Rejected(rejected) => Self::Permanent(rejected.to_string()),
            IngestError::Storage(error) => {
                metrics::counter!("mainstay_storage_failures_total", "what" => "write").increment(1);
                Self::Transient(error.to_string())
            }
            IngestError::Database(error) => Self::Database(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn a_digest_is_read_in_either_spelling() {
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let base64 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
        assert_eq!(digest(hex), digest(base64));
        assert_eq!(digest(&hex.to_uppercase()).map(|bytes| bytes.len()), Some(32));
        for text in ["", "q83vEg==", "not a digest", &hex[..62]] {
            assert_eq!(digest(text), None, "{text}");
        }
    }
}
