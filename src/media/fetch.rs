//! From Meta to the store.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::StreamExt;

use super::{
    facts,
    ingest::{self, Broken, Draft, Longest},
    name::named,
    sniff,
    table::LARGEST,
};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{ConversationId, MediaFileId, MediaId},
    media::MEDIA_INBOUND,
    media::MediaService,
    media::store::{self, InHand, Ready},
    meta::graph,
    queue::{Outcome, counts},
    records::events,
};

/// Attempts after which what looks like it will never work is believed: about an hour. (An id may be unknown to Meta for a moment, and
/// bytes may be damaged on the way.)
const STUBBORN: i64 = 12;
/// When Meta says that we ask too often.
const REST: Duration = Duration::from_secs(300);

/// What was fetched for a row, and where it stands.
pub(super) struct Fetched<'a> {
    pub row: &'a InHand,
    pub draft: &'a Draft,
    pub mime_type: &'a str,
    pub filename: Option<&'a str>,
    pub conversation: Option<ConversationId>,
    pub wamid: Option<String>,
}

/// Why nothing was fetched this time.
#[derive(Debug)]
enum Trouble {
    /// It never will be.
    Hopeless(String),
    /// It probably never will be.
    Stubborn(String),
    Passing(String),
    TooOften(String),
    Database(sqlx::Error),
}

/// Fetches the media of a leased row. Fails only with the database.
pub async fn fetch(service: &MediaService, id: MediaId) -> db::Result<Outcome> {
    let Some(row) = store::in_hand(service.db.reader(), id).await? else {
        return Ok(Outcome::Settled);
    };
    let outcome = match attempt(service, &row).await {
        Ok(()) => Outcome::Settled,
        Err(Trouble::Database(error)) => return Err(error),
        Err(trouble) => judged(&row, trouble),
    };
    let label = match &outcome {
        Outcome::Settled => "ready",
        Outcome::Discard { .. } => "failed",
        _ => "retry",
    };
    metrics::counter!("mainstay_media_fetched_total", "outcome" => label).increment(1);
    Ok(outcome)
}

fn judged(row: &InHand, trouble: Trouble) -> Outcome {
    match trouble {
        Trouble::Stubborn(error) if row.attempts < STUBBORN => Outcome::retry(error),
        Trouble::Hopeless(error) | Trouble::Stubborn(error) => Outcome::discard(error),
        Trouble::TooOften(error) => Outcome::retry_after(REST, error),
        Trouble::Passing(error) => Outcome::retry(error),
        Trouble::Database(error) => Outcome::retry(error),
    }
}

async fn attempt(service: &MediaService, row: &InHand) -> Result<(), Trouble> {
    if service.clock.now() >= row.deadline {
        let words = "Meta keeps media for seven days, and in that time it could not be fetched";
        return Err(Trouble::Hopeless(words.to_owned()));
    }
    let directory = service.directory.current();
    let route = directory.channel(row.channel_id);
    let route = route.ok_or_else(|| Trouble::Passing("the channel is not known here".to_owned()))?;
    let access = route.access();
    let access = access.ok_or_else(|| Trouble::Passing("the channel's access token does not open".to_owned()))?;
    // The webhook may hold an address too, but not always, and only for minutes; asking is one request, and tells size and digest.
    let info = service.graph.media(access, &row.meta_id).await?;
    if info.file_size.is_some_and(|size| size > LARGEST) {
        return Err(Trouble::Hopeless(format!("it is longer than {LARGEST} bytes")));
    }
    let download = service.graph.download(access, &info.url).await?;
    let limit = |_: &[u8]| {
        Ok(Longest {
            most: LARGEST,
            what: "a file from Meta",
        })
    };
    let draft = ingest::draw(service, row.tenant_id, download.body.boxed(), limit).await?;
    if let Err(trouble) = whole(row, &info, &draft) {
        draft.discard(service).await;
        return Err(trouble);
    }
    let declared = row.mime_type.as_deref().or(info.mime_type.as_deref());
    let mime_type = sniff::settled(declared, &draft.head);
    metrics::counter!("mainstay_media_bytes_total", "direction" => "in").increment(draft.size);
    if !end(service, row, &draft, &mime_type).await.map_err(Trouble::Database)? {
        draft.discard(service).await;
    }
    Ok(())
}

/// Whether all of it came, unchanged.
fn whole(row: &InHand, info: &graph::MediaInfo, draft: &Draft) -> Result<(), Trouble> {
    if info.file_size.is_some_and(|size| size != draft.size) {
        return Err(Trouble::Stubborn("it is not as long as Meta says".to_owned()));
    }
    let promised = [row.sha256.clone(), info.sha256.as_deref().and_then(digest)];
    if promised.iter().flatten().any(|promised| promised[..] != draft.digest) {
        metrics::counter!("mainstay_media_digest_mismatches_total").increment(1);
        return Err(Trouble::Stubborn("its SHA-256 is not the one Meta says".to_owned()));
    }
    Ok(())
}

/// A SHA-256 in hexadecimal or in base64: Meta's webhooks and answers have both. `None` for anything else, which promises nothing.
pub fn digest(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bytes = hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok());
    bytes.filter(|bytes| bytes.len() == 32)
}

/// False when the row wants nothing any more: it was deleted meanwhile, or is another worker's.
async fn end(service: &MediaService, row: &InHand, draft: &Draft, mime_type: &str) -> db::Result<bool> {
    if !retry_conflicts(|| once(service, row, draft, mime_type)).await? {
        return Ok(false);
    }
    let waited = service.clock.now() - row.received_at;
    let seconds = waited.num_milliseconds().max(0) as f64 / 1_000.0;
    metrics::histogram!("mainstay_media_ready_seconds").record(seconds);
    Ok(true)
}

async fn once(service: &MediaService, row: &InHand, draft: &Draft, mime_type: &str) -> db::Result<bool> {
    let mut tx = service.db.begin().await?;
    let file = match end_in(&mut tx, service, row, draft, mime_type).await {
        Ok(None) => return tx.rollback().await.map(|()| false),
        ended => tx.close(ended).await?,
    };
    if let Some(file) = file {
        draft.want_variants(service, file).await;
    }
    Ok(true)
}

async fn end_in(
    tx: &mut Tx,
    service: &MediaService,
    row: &InHand,
    draft: &Draft,
    mime_type: &str,
) -> db::Result<Option<MediaFileId>> {
    let now = service.clock.now();
    let file = draft.keep(&mut *tx, now).await?;
    let ready = Ready {
        tenant: row.tenant_id,
        id: row.id,
        attempt: row.attempts,
        file,
        mime_type: mime_type.to_owned(),
        filename: row.filename.as_deref().and_then(|name| named(name, mime_type)),
    };
    let Some((conversation, wamid)) = store::ready(&mut *tx, &ready, now).await? else {
        return Ok(None);
    };
    let fetched = Fetched {
        row,
        filename: ready.filename.as_deref(),
        draft,
        mime_type,
        conversation,
        wamid,
    };
    counts::add(&mut *tx, &MEDIA_INBOUND, now, 1, 0).await?;
    events::append(tx, &[facts::ready(service, &fetched, now)], now).await?;
    Ok(Some(file))
}

impl From<graph::Error> for Trouble {
    fn from(error: graph::Error) -> Self {
        let words = error.to_string();
        match error {
            // 100: no such object, or none that this token may see; 131052: the file cannot be had.
            graph::Error::Refused(refusal) => match refusal.code {
                100 | 131_052 => Self::Stubborn(words),
                4 | 80_007 | 80_008 | 130_429 => Self::TooOften(words),
                _ => Self::Passing(words),
            },
            graph::Error::Expired | graph::Error::ForeignHost(_) | graph::Error::Unreadable { .. } => {
                Self::Stubborn(words)
            }
            graph::Error::NoAnswer(_) | graph::Error::Source(_) => Self::Passing(words),
        }
    }
}

impl From<Broken<graph::Error>> for Trouble {
    fn from(broken: Broken<graph::Error>) -> Self {
        match broken {
            Broken::Source(error) => error.into(),
            Broken::Rejected(rejected) => Self::Hopeless(rejected.to_string()),
            Broken::Storage(error) => {
                metrics::counter!("mainstay_storage_failures_total", "what" => "write").increment(1);
                Self::Passing(error.to_string())
            }
            Broken::Database(error) => Self::Database(error),
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
