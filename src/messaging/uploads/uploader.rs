//! Task that uploads files to Meta.

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
    media::{self, MetaIdError},
    messaging::MessagingService,
    messaging::{
        store::sends,
        {ChannelFile, UploadRequest, accept::OUTBOUND},
    },
};

/// Maximum number of concurrent uploads in a process.
const MAX_CONCURRENT: usize = 8;
/// Delay until messages that a worker had in hand are made due again; doubled each time.
const MIN_WAKE_DELAY: Duration = Duration::from_millis(10);

/// Uploads requested files, several at a time and each file once, until the process ends. Uploads cut off by the shutdown begin again
/// when their messages are sent.
pub(crate) async fn upload_files(
    service: MessagingService,
    mut from: mpsc::Receiver<UploadRequest>,
    shutdown: CancellationToken,
) {
    // Messages by the file that is being uploaded for them.
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
    match media::meta_id(&service.media, file.tenant, file.channel, file.media).await {
        Ok(_) => {}
        Err(MetaIdError::Refused(error)) => {
            let entry = error.entry();
            tracing::info!(media.id = %file.media, error.code = error.code, error.title = entry.title, error.advice = entry.advice,
                "a file could not be uploaded; its messages decide what follows");
        }
        // An outage is logged once, by the client.
        Err(MetaIdError::Transient(error)) => {
            tracing::debug!(error, media.id = %file.media, "a file could not be uploaded; it is tried again");
        }
        Err(error) => {
            tracing::info!(%error, media.id = %file.media, "a file could not be uploaded; its messages decide what follows")
        }
    }
    file
}

/// Makes messages due now. A worker may still have some in hand, because it waits for the answers of others, and is about to snooze them:
/// these are made due again until it has.
async fn wake_messages(service: &MessagingService, mut messages: Vec<MessageId>) {
    let mut pause = MIN_WAKE_DELAY;
    loop {
        match wake_once(service, &messages).await {
            Ok(in_hand) => messages = in_hand,
            Err(error) => {
                return tracing::warn!(%error, "messages could not be made due; they are due later anyway");
            }
        }
        if messages.is_empty() || RECHECK_DELAY.to_std().is_ok_and(|recheck| pause > recheck) {
            return;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Makes messages due and returns those that a worker had in hand. That is read first: a message that is snoozed afterwards is made due
/// the next time, and one that is taken up afterwards is processed anyway.
async fn wake_once(service: &MessagingService, messages: &[MessageId]) -> Result<Vec<MessageId>> {
    let in_hand = sends::running(service.db.reader(), messages).await?;
    let woken = sends::make_due(service.db.writer(), messages, service.clock.now()).await?;
    // The sweep finds what cannot be queued.
    let _ = service.queues.push_entries(&OUTBOUND, &woken).await;
    Ok(in_hand.into_iter().map(|(id,)| id).collect())
}
