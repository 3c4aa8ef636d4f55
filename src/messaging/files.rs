//! Files of ours on their way to Meta. A message goes when Meta has all of its files; until then it comes again, and whoever uploads
//! them calls it back.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    breaker,
    ready::Ready,
    verdict::{PATIENCE, Verdict, verdict},
};
use crate::{
    app::App,
    db::Result,
    domain::{ChannelId, MediaId, MessageId, TenantId},
    media::{self, MetaIdError},
    meta::message::MediaRef,
    outbox::{OUTBOUND, Upload},
    store::sends,
};

/// How long a batch waits for its uploads: most files are small, and others must not wait for the large ones.
const GLANCE: Duration = Duration::from_secs(2);
/// When to look again at a file that is still being uploaded, or fetched, if nobody calls back.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(15);
/// The rests after an upload that failed and may yet succeed; they grow with the age of the message.
const FIRST_REST: TimeDelta = TimeDelta::seconds(6);
const LONGEST_REST: TimeDelta = TimeDelta::minutes(5);
/// Uploads at once, in a process.
const AT_ONCE: usize = 8;
/// Meta's code for media that cannot be uploaded: a file that is gone is refused with it.
const UPLOAD_FAILED: i64 = 131_053;

type Key = (TenantId, ChannelId, MediaId);

/// What becomes of a message, as far as its files decide.
pub enum Standing {
    /// Meta has all of them, and the message names them as Meta does.
    Ready,
    /// Not yet: to be looked at again.
    Later(DateTime<Utc>),
    /// It never can be sent: a code of Meta's, and why.
    Fail(i64, String),
    /// The channel may not send.
    Trip(String),
}

/// Puts Meta's ids in the place of ours, uploading what has to be, and says how each message stands.
pub async fn resolve(app: &App, sendable: &mut [Ready]) -> Result<Vec<Standing>> {
    let mut wanted: HashMap<Key, Vec<MessageId>> = HashMap::new();
    for it in sendable.iter_mut() {
        for key in keys(it) {
            wanted.entry(key).or_default().push(it.due.id);
        }
    }
    if wanted.is_empty() {
        return Ok(sendable.iter().map(|_| Standing::Ready).collect());
    }
    let mut known = HashMap::new();
    look(app, wanted.keys().copied().collect(), &mut known).await;
    let missing: HashSet<Key> = known
        .iter()
        .filter(|(_, found)| matches!(found, Ok(None)))
        .map(|(key, _)| *key)
        .collect();
    wanted.retain(|key, _| missing.contains(key));
    upload(app, wanted).await;
    look(app, missing, &mut known).await;
    let mut standings = Vec::with_capacity(sendable.len());
    for it in sendable {
        standings.push(stand(app, it, &known).await?);
    }
    Ok(standings)
}

type Known = HashMap<Key, std::result::Result<Option<String>, MetaIdError>>;

async fn look(app: &App, keys: HashSet<Key>, known: &mut Known) {
    for key @ (tenant, channel, id) in keys {
        known.insert(key, media::at_meta(app, tenant, channel, id).await);
    }
}

/// Has these files uploaded, and waits a moment for it.
async fn upload(app: &App, wanted: HashMap<Key, Vec<MessageId>>) {
    let mut ends = Vec::new();
    for ((tenant, channel, media), messages) in wanted {
        let (ended, end) = oneshot::channel();
        let upload = Upload {
            tenant,
            channel,
            media,
            messages,
            ended,
        };
        if app.uploads.want(upload) {
            ends.push(end);
        }
    }
    let _ = tokio::time::timeout(GLANCE, futures::future::join_all(ends)).await;
}

fn keys(it: &mut Ready) -> Vec<Key> {
    let (tenant, channel) = (it.due.tenant_id, it.due.channel_id);
    let ours = |(_, file): (_, &mut MediaRef)| match file {
        MediaRef::Ours(id) => Some((tenant, channel, *id)),
        MediaRef::Meta(_) | MediaRef::Link(_) => None,
    };
    it.message.media().into_iter().filter_map(ours).collect()
}

async fn stand(app: &App, it: &mut Ready, known: &Known) -> Result<Standing> {
    let now = app.clock.now();
    let (tenant, channel) = (it.due.tenant_id, it.due.channel_id);
    let mut refused = None;
    for (_, file) in it.message.media() {
        let MediaRef::Ours(id) = file else { continue };
        match known.get(&(tenant, channel, *id)) {
            Some(Ok(Some(meta_id))) => *file = MediaRef::Meta(meta_id.clone()),
            Some(Ok(None) | Err(MetaIdError::NotYet)) | None => return Ok(Standing::Later(now + LOOK_AGAIN)),
            Some(Err(error)) => {
                refused = Some(error);
                break;
            }
        }
    }
    let age = now - it.due.created_at;
    let ends_at = it.due.expires_at.unwrap_or(it.due.created_at + PATIENCE);
    Ok(match refused {
        None => Standing::Ready,
        Some(MetaIdError::NoChannel) => Standing::Trip("the channel has no access token that opens".to_owned()),
        Some(MetaIdError::Refused(error)) => {
            let tries = it.due.tries + 1;
            match verdict(error.code, tries, it.due.created_at, it.due.expires_at, now) {
                Verdict::Fail => Standing::Fail(error.code, error.to_string()),
                Verdict::Again(at) => Standing::Later(at),
                Verdict::Trip => {
                    breaker::trip(app, channel, error.code, &error.to_string()).await?;
                    Standing::Trip(error.to_string())
                }
            }
        }
        Some(MetaIdError::Passing(_) | MetaIdError::Database(_)) if now < ends_at => {
            Standing::Later(now + (age / 2).clamp(FIRST_REST, LONGEST_REST))
        }
        Some(error) => Standing::Fail(UPLOAD_FAILED, error.to_string()),
    })
}

/// Does the uploads that are asked for, several at once, until the process ends. What is cut off then is begun again by whoever
/// sends the message.
pub async fn upload_files(app: App, from: mpsc::Receiver<Upload>, shutdown: CancellationToken) {
    let asked = stream::unfold(from, async |mut from| from.recv().await.map(|upload| (upload, from)));
    let work = asked.for_each_concurrent(AT_ONCE, |asked| one(&app, asked));
    tokio::select! {
        () = work => {}
        () = shutdown.cancelled() => {}
    }
}

async fn one(app: &App, asked: Upload) {
    let ended = media::meta_id(app, asked.tenant, asked.channel, asked.media).await;
    if let Err(error) = ended {
        tracing::info!(%error, media.id = %asked.media, "a file could not be uploaded; its messages say what follows");
    }
    if asked.ended.send(()).is_ok() {
        return;
    }
    // They left, and wait.
    match sends::call_back(&app.db, &asked.messages, app.clock.now()).await {
        Ok(entries) => drop(app.queues.offer(&OUTBOUND, &entries).await),
        Err(error) => tracing::warn!(%error, "messages could not be called back; they come by themselves"),
    }
}
