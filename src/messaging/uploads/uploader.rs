//! The task that gives Meta the files that messages wait for.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::messaging::files::RECHECK_DELAY;
use crate::{
    db::Result,
    domain::MessageId,
    media,
    messaging::MessagingService,
    messaging::{
        store::sends,
        {ChannelFile, UploadRequest, accept::OUTBOUND},
    },
};

/// Files on their way at once, in a process.
const MAX_CONCURRENT: usize = 8;
/// How soon those are called again that a worker had in hand; each time twice as long passes.
const MIN_WAKE_DELAY: Duration = Duration::from_millis(10);

/// Uploads what is asked for, several files at once and each file once, until the process ends. What is cut off then is begun again by
/// whoever sends the message.
pub async fn upload_files(
    service: MessagingService,
    mut from: mpsc::Receiver<UploadRequest>,
    shutdown: CancellationToken,
) {
    // Messages by the file that is under way for them.
    let mut waiting: HashMap<ChannelFile, HashSet<MessageId>> = HashMap::new();
    let mut under_way = FuturesUnordered::new();
    let mut waking = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(UploadRequest { file, messages }) = from.recv(), if under_way.len() < MAX_CONCURRENT => {
                let known = waiting.contains_key(&file);
                waiting.entry(file).or_default().extend(messages);
                if !known {
                    under_way.push(upload(&service, file));
                }
            }
            Some(file) = under_way.next() => {
                let messages = waiting.remove(&file).unwrap_or_default();
                waking.push(wake_messages(&service, messages.into_iter().collect()));
            }
            Some(()) = waking.next() => {}
        }
    }
}

async fn upload(service: &MessagingService, file: ChannelFile) -> ChannelFile {
    if let Err(error) = media::meta_id(&service.media, file.tenant, file.channel, file.media).await {
        tracing::info!(%error, media.id = %file.media, "a file could not be uploaded; its messages say what follows");
    }
    file
}

/// Has messages looked at now. A worker that still has some in hand, because it waits for the answers of others, is about to put
/// them off: they are called again until it has.
async fn wake_messages(service: &MessagingService, mut messages: Vec<MessageId>) {
    let mut pause = MIN_WAKE_DELAY;
    loop {
        match wake_once(service, &messages).await {
            Ok(in_hand) => messages = in_hand,
            Err(error) => {
                return tracing::warn!(%error, "messages could not be called back; they come by themselves");
            }
        }
        if messages.is_empty() || RECHECK_DELAY.to_std().is_ok_and(|by_themselves| pause > by_themselves) {
            return;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Tells which of them a worker had in hand. That is looked at first: one that is put off after it was found in hand is called the next time,
/// and one that is taken up after it was found waiting is looked at anyway.
async fn wake_once(service: &MessagingService, messages: &[MessageId]) -> Result<Vec<MessageId>> {
    let in_hand = sends::running(service.db.reader(), messages).await?;
    let woken = sends::make_due(&service.db, messages, service.clock.now()).await?;
    // What cannot be queued is found by the sweep.
    let _ = service.queues.push_entries(&OUTBOUND, &woken).await;
    Ok(in_hand.into_iter().map(|(id,)| id).collect())
}
