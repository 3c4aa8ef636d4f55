//! Resolves stored files in messages to Meta's media ids. A message is sent once Meta has all of its files; until then only that message
//! is snoozed, and its batch goes on. The [uploader](super::uploads) makes it due again when the upload ends.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    breaker,
    retry::{MAX_RETRY_AGE, RetryDecision, decide_retry},
    sendable::SendableMessage,
};
use crate::{
    db::Result,
    domain::{ChannelId, MessageId},
    media::{self, MetaCopy, MetaIdError},
    messaging::MessagingService,
    messaging::{
        store::sends::DueSend,
        {ChannelFile, UploadRequest},
    },
    provider::{ProviderError, errors::Retry, message::MediaRef},
};

/// Recheck delay of a message whose file is being uploaded, in case the uploader does not make it due.
pub(crate) const RECHECK_DELAY: TimeDelta = TimeDelta::seconds(15);
/// Minimum and maximum delay while a file is temporarily unavailable; the delay is half the age of the message.
const MIN_RETRY_DELAY: TimeDelta = TimeDelta::seconds(6);
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(5);
/// Graph error 131053: media upload error. Used for messages whose file is gone or cannot be sent.
const UPLOAD_FAILED: i64 = 131_053;

/// State of a message, as far as its files decide.
pub(crate) enum FileState {
    /// Meta has all files, and the message contains Meta's ids.
    Ready,
    /// Not yet: check again at this time.
    Later(DateTime<Utc>),
    /// The message can never be sent: Meta's code and the reason.
    Fail(i64, String),
    /// The channel cannot send: the reason.
    Trip(String),
}

type Known = HashMap<ChannelFile, std::result::Result<MetaCopy, MetaIdError>>;

/// Replaces ids of stored files by Meta's media ids, requests the missing uploads, and returns the state of each message.
pub async fn resolve(service: &MessagingService, ready: &mut [SendableMessage]) -> Result<Vec<FileState>> {
    let named: HashSet<ChannelFile> = ready.iter_mut().flat_map(files).collect();
    let mut known = Known::with_capacity(named.len());
    for file in named {
        let found = media::find_meta_copy(&service.media, file.tenant, file.channel, file.media).await;
        known.insert(file, found);
    }
    let now = service.clock.now();
    let mut lacking: HashMap<ChannelFile, Vec<MessageId>> = HashMap::new();
    let mut states = Vec::with_capacity(ready.len());
    for message in ready {
        let state = file_state(message, &known, now);
        if matches!(state, FileState::Later(_)) {
            let lacks = |file: &ChannelFile| matches!(known.get(file), Some(Ok(at)) if at.id.is_none());
            for file in files(message).into_iter().filter(lacks) {
                lacking.entry(file).or_default().push(message.due.id);
            }
        }
        states.push(state);
    }
    for (file, messages) in lacking {
        // If the queue is full, the messages request the upload again when they are due again.
        service.uploads.request(UploadRequest { file, messages });
    }
    trip(service, &known).await?;
    Ok(states)
}

/// Returns the stored files that the message still refers to.
fn files(send: &mut SendableMessage) -> Vec<ChannelFile> {
    let (tenant, channel) = (send.due.tenant_id, send.due.channel_id);
    let ours = |(_, file): (_, &mut MediaRef)| match *file {
        MediaRef::Stored(media) => Some(ChannelFile { tenant, channel, media }),
        MediaRef::Meta(_) | MediaRef::Link(_) => None,
    };
    send.message.media().into_iter().filter_map(ours).collect()
}

fn file_state(send: &mut SendableMessage, known: &Known, now: DateTime<Utc>) -> FileState {
    let SendableMessage { due, message, .. } = send;
    let (tenant, channel) = (due.tenant_id, due.channel_id);
    let mut state = FileState::Ready;
    for (kind, file) in message.media() {
        let MediaRef::Stored(media) = *file else { continue };
        match known.get(&ChannelFile { tenant, channel, media }) {
            Some(Ok(at)) => match (at.check_sendable(kind), &at.id) {
                (Err(why), _) => return FileState::Fail(UPLOAD_FAILED, why.to_string()),
                (Ok(()), Some(id)) => *file = MediaRef::Meta(id.clone()),
                (Ok(()), None) => state = FileState::Later(now + RECHECK_DELAY),
            },
            Some(Err(error)) => return unavailable_state(error, due, now),
            None => state = FileState::Later(now + RECHECK_DELAY),
        }
    }
    state
}

/// Returns the state of a message with a file that cannot be uploaded at the moment.
fn unavailable_state(error: &MetaIdError, due: &DueSend, now: DateTime<Utc>) -> FileState {
    let later = FileState::Later(now + ((now - due.starts_at) / 2).clamp(MIN_RETRY_DELAY, MAX_RETRY_DELAY));
    let ends_at = due.expires_at.unwrap_or(due.starts_at + MAX_RETRY_AGE);
    match error {
        // Unlike a message, a file can be uploaded again even if Meta may have it.
        MetaIdError::Refused(refusal) if refusal.entry().retry == Retry::Reconcile && now < ends_at => later,
        MetaIdError::Refused(refusal) => match decide_retry(refusal.code, due.tries + 1, due, now) {
            RetryDecision::Fail => FileState::Fail(refusal.code, error.to_string()),
            RetryDecision::Retry(at) => FileState::Later(at),
            RetryDecision::Trip => FileState::Trip(refusal.to_string()),
        },
        // The channel or its token may be gone: the next run of the send finds out.
        MetaIdError::NotYet | MetaIdError::NoChannel | MetaIdError::Transient(_) | MetaIdError::Database(_)
            if now < ends_at =>
        {
            later
        }
        _ => FileState::Fail(UPLOAD_FAILED, error.to_string()),
    }
}

/// Trips the circuit breakers of the channels that Meta does not let upload, once each.
async fn trip(service: &MessagingService, known: &Known) -> Result<()> {
    let mut tripped: HashMap<ChannelId, &ProviderError> = HashMap::new();
    for (file, found) in known {
        if let Err(MetaIdError::Refused(error)) = found
            && error.trips_channel()
        {
            tripped.insert(file.channel, error);
        }
    }
    for (channel, error) in tripped {
        breaker::trip(service, channel, error.code, &error.to_string()).await?;
    }
    Ok(())
}
