//! Files of ours in messages. A message goes when Meta has all of its files. Until then it is put off, and its batch goes on without it:
//! nothing waits for an upload but the messages that hold the file. Whoever [uploads](super::uploads) it calls them back.

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
        store::sends::Due,
        {ChannelFile, UploadRequest},
    },
    meta::{
        graph::{GraphError, errors::Retry},
        message::MediaRef,
    },
};

/// When to look again at a file that is being uploaded, if nobody calls back.
pub const RECHECK_DELAY: TimeDelta = TimeDelta::seconds(15);
/// The rests while a file is not to be had and may yet be; they grow with the age of the message.
const MIN_RETRY_DELAY: TimeDelta = TimeDelta::seconds(6);
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(5);
/// Meta's code for media that cannot be uploaded: with it a message fails whose file is gone or does not do.
const UPLOAD_FAILED: i64 = 131_053;

/// What becomes of a message, as far as its files decide.
pub enum FileState {
    /// Meta has all of them, and the message names them as Meta does.
    Ready,
    /// Not yet: to be looked at again.
    Later(DateTime<Utc>),
    /// It never can be sent: a code of Meta's, and why.
    Fail(i64, String),
    /// The channel may not send.
    Trip(String),
}

type Known = HashMap<ChannelFile, std::result::Result<MetaCopy, MetaIdError>>;

/// Puts Meta's ids in the place of ours, says how each message stands, and has uploaded what Meta lacks.
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
    for it in ready {
        let state = file_state(it, &known, now);
        if matches!(state, FileState::Later(_)) {
            let lacks = |file: &ChannelFile| matches!(known.get(file), Some(Ok(at)) if at.id.is_none());
            for file in files(it).into_iter().filter(lacks) {
                lacking.entry(file).or_default().push(it.due.id);
            }
        }
        states.push(state);
    }
    for (file, messages) in lacking {
        // Where too many wait, the messages ask again when they come again.
        service.uploads.request(UploadRequest { file, messages });
    }
    trip(service, &known).await?;
    Ok(states)
}

/// The files of ours that the message still names.
fn files(it: &mut SendableMessage) -> Vec<ChannelFile> {
    let (tenant, channel) = (it.due.tenant_id, it.due.channel_id);
    let ours = |(_, file): (_, &mut MediaRef)| match *file {
        MediaRef::Stored(media) => Some(ChannelFile { tenant, channel, media }),
        MediaRef::Meta(_) | MediaRef::Link(_) => None,
    };
    it.message.media().into_iter().filter_map(ours).collect()
}

fn file_state(it: &mut SendableMessage, known: &Known, now: DateTime<Utc>) -> FileState {
    let SendableMessage { due, message, .. } = it;
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

/// How a message stands one of whose files Meta cannot be given just now.
fn unavailable_state(error: &MetaIdError, due: &DueSend, now: DateTime<Utc>) -> FileState {
    let later = FileState::Later(now + ((now - due.created_at) / 2).clamp(MIN_RETRY_DELAY, MAX_RETRY_DELAY));
    let ends_at = due.expires_at.unwrap_or(due.created_at + MAX_RETRY_AGE);
    match error {
        // Unlike a message, a file that Meta may have taken can be uploaded again.
        MetaIdError::Refused(refusal) if refusal.entry().retry == Retry::Reconcile && now < ends_at => later,
        MetaIdError::Refused(refusal) => {
            match decide_retry(refusal.code, due.tries + 1, due.created_at, due.expires_at, now) {
                RetryDecision::Fail => FileState::Fail(refusal.code, error.to_string()),
                RetryDecision::Retry(at) => FileState::Later(at),
                RetryDecision::Trip => FileState::Trip(refusal.to_string()),
            }
        }
        // A channel that went away, or its token, while the file was on its way: the next look sees what is the matter.
        MetaIdError::NotYet | MetaIdError::NoChannel | MetaIdError::Transient(_) | MetaIdError::Database(_)
            if now < ends_at =>
        {
            later
        }
        _ => FileState::Fail(UPLOAD_FAILED, error.to_string()),
    }
}

/// Trips the channels that Meta does not let upload, once each.
async fn trip(service: &MessagingService, known: &Known) -> Result<()> {
    let mut tripped: HashMap<ChannelId, &GraphError> = HashMap::new();
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
