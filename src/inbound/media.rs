//! Media that come with messages: stored as due rows in the transaction of the message.

use std::collections::{HashMap, HashSet};

use super::messages::PlannedMessage;
use crate::{
    clock::Clock,
    domain::{MediaId, MessageId, Origin, file_name},
    media::{META_KEEPS, digest, store::NewInboundMedia},
    provider::webhook::{MediaContent, MessageContent},
    queue::Lane,
    records::messages::NewMessageRow,
};

pub(crate) use crate::media::store::insert_inbound;

/// A media file of a message.
#[derive(Clone, Debug)]
pub(crate) struct PlannedMedia {
    pub id: MediaId,
    kind: &'static str,
    meta_id: String,
    mime_type: Option<String>,
    filename: Option<String>,
    sha256: Option<Vec<u8>>,
}

impl PlannedMedia {
    /// Returns the media of a message's content.
    pub fn of(clock: &Clock, content: &MessageContent) -> Option<Self> {
        let media = named(content)?;
        Some(Self {
            id: clock.new_id(),
            kind: media.kind.as_str(),
            meta_id: media.media_id.clone(),
            mime_type: media.mime_type.clone(),
            filename: media.filename.as_deref().and_then(file_name::sanitize),
            sha256: media.sha256.as_deref().and_then(digest),
        })
    }
}

/// Returns the media of a content. An edited caption comes with its media.
fn named(content: &MessageContent) -> Option<&MediaContent> {
    match content {
        MessageContent::Media(media) => Some(media),
        MessageContent::Edit(edit) => named(&edit.content),
        _ => None,
    }
}

/// Returns the media of new messages and of placeholders that were filled.
pub fn wanted(
    stored: &[NewMessageRow],
    planned: &HashMap<MessageId, &PlannedMessage>,
    new: &HashSet<MessageId>,
    filled: &[(MessageId, Option<MediaId>)],
) -> Vec<NewInboundMedia> {
    let mut wanted = Vec::new();
    for row in stored {
        let Some(media) = &planned[&row.id].media else { continue };
        let message = match new.contains(&row.id) {
            true => Some(row.id),
            // A filled placeholder keeps its id.
            false => filled
                .iter()
                .find(|(_, with)| *with == Some(media.id))
                .map(|(id, _)| *id),
        };
        let Some(message) = message else { continue };
        wanted.push(NewInboundMedia {
            id: media.id,
            tenant: row.tenant,
            channel: row.channel,
            message,
            origin: row.origin,
            kind: media.kind,
            meta_id: media.meta_id.clone(),
            mime_type: media.mime_type.clone(),
            filename: media.filename.clone(),
            sha256: media.sha256.clone(),
            received_at: row.received_at,
            deadline: row.received_at + META_KEEPS,
            // Customers' media go before media of the history. The high lane is for media that Meta will soon delete.
            lane: if row.origin == Origin::History {
                Lane::Low
            } else {
                Lane::Normal
            },
        });
    }
    wanted
}
