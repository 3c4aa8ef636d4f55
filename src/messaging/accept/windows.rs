//! Refuses messages whose service window is known to be closed.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};

use super::{AcceptRequest, Refusal, TEMPLATE, resolve::ResolvedRecipient, schedule, write::Answer};
use crate::{
    contacts::store::consents,
    db::{Result, Tx},
    domain::{ChannelId, ContactId, RecipientKind},
    records::conversations::{self, ConversationKey},
    templates::store::templates::{self, Suggested},
};

/// Refuses messages that need an open service window where none is open, unless they are to be queued all the same. The refusal names
/// templates that can be sent instead. The window of a message for later is looked at when its time has come.
pub(super) async fn reject_outside_windows(
    tx: &mut Tx,
    requests: &[AcceptRequest],
    people: &mut HashMap<usize, ResolvedRecipient>,
    now: DateTime<Utc>,
    answers: &mut [Option<Answer>],
) -> Result<()> {
    let needs_window = |request: &AcceptRequest, addressed: &ResolvedRecipient| {
        request.if_window_closed.is_refused()
            && request.kind != TEMPLATE
            && addressed.kind != RecipientKind::Group
            && schedule::send_at(request, now).is_none()
    };
    let key = |request: &AcceptRequest, addressed: &ResolvedRecipient| ConversationKey {
        tenant: request.tenant,
        channel: request.channel,
        contact: addressed.contact,
    };
    let limited = people.iter().filter(|(n, it)| needs_window(&requests[**n], it));
    let mut pairs: Vec<ConversationKey> = limited.map(|(n, it)| key(&requests[*n], it)).collect();
    if pairs.is_empty() {
        return Ok(());
    }
    pairs.sort_unstable();
    pairs.dedup();
    let open = conversations::open_windows(tx.on(), &pairs, now).await?;
    pairs.retain(|pair| !open.contains(&(pair.channel, pair.contact)));
    let suggested = suggest_instead(tx, &pairs).await?;
    people.retain(|n, addressed| {
        let request = &requests[*n];
        let closed = suggested.get(&(request.channel, addressed.contact));
        let refused = closed.filter(|_| needs_window(request, addressed));
        if let Some(templates) = refused {
            answers[*n] = Some(Err(Refusal::WindowClosed(templates.clone())));
        }
        refused.is_none()
    });
    Ok(())
}

/// Returns templates for the recipient of each pair: read once per channel, without marketing for those who may not be sent it.
pub(crate) async fn suggest_instead(
    tx: &mut Tx,
    closed: &[ConversationKey],
) -> Result<HashMap<(ChannelId, ContactId), Vec<Suggested>>> {
    let mut by_channel: HashMap<ChannelId, Vec<Suggested>> = HashMap::new();
    for pair in closed {
        if let Entry::Vacant(entry) = by_channel.entry(pair.channel) {
            entry.insert(templates::suggest_on(tx.on(), pair.tenant, pair.channel).await?);
        }
    }
    let people: Vec<_> = closed
        .iter()
        .map(|pair| (pair.tenant, pair.contact, pair.channel))
        .collect();
    let refusing = consents::refusing_marketing(tx.on(), &people).await?;
    let suggested = |pair: &ConversationKey| {
        let mut found = by_channel.get(&pair.channel).cloned().unwrap_or_default();
        found.retain(|it| !(it.is_marketing() && refusing.contains(&(pair.contact, pair.channel))));
        ((pair.channel, pair.contact), found)
    };
    Ok(closed.iter().map(suggested).collect())
}
