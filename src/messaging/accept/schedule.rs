//! Messages for later: when they may be sent, how many may wait, and who is refused at once.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, TimeDelta, Utc};

use super::{AcceptRequest, Refusal, check_templates::CheckedTemplate, resolve::ResolvedRecipient, write::Answer};
use crate::{
    contacts::store::consents,
    db::{Result, Tx},
    domain::{ChannelId, SendLane},
    messaging::store::sends,
};

/// How far ahead a message may be accepted, in days.
pub(super) const MAX_DAYS_AHEAD: i64 = 90;
/// Meta's category of templates that need the consent to marketing.
const MARKETING: &str = "MARKETING";
/// Messages of a channel that may wait for their time.
pub(super) const MAX_WAITING: i64 = 10_000;

/// Returns when a message is to be sent; `None` is at once, as for a time that has passed.
pub(super) fn send_at(request: &AcceptRequest, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    request.send_at.filter(|at| *at > now)
}

/// Checks the time of a message.
pub(super) fn check(request: &AcceptRequest, now: DateTime<Utc>) -> std::result::Result<(), Refusal> {
    let Some(at) = request.send_at else { return Ok(()) };
    if at - now > TimeDelta::days(MAX_DAYS_AHEAD) {
        return Err(Refusal::TooFarAhead);
    }
    match request.expires_at.is_some_and(|end| end <= at) {
        true => Err(Refusal::ExpiresUnsent),
        false => Ok(()),
    }
}

/// Rejects marketing for later whose contacts may not be sent marketing now. Consent is looked at again when their time has come.
pub(super) async fn reject_opted_out(
    tx: &mut Tx,
    requests: &[AcceptRequest],
    checked: &HashMap<usize, CheckedTemplate>,
    people: &mut HashMap<usize, ResolvedRecipient>,
    now: DateTime<Utc>,
    answers: &mut [Option<Answer>],
) -> Result<()> {
    let is_marketing = |n: usize| {
        let category = checked.get(&n).and_then(|it| it.category.as_deref());
        requests[n].lane == SendLane::Campaign || category == Some(MARKETING)
    };
    let is_concerned = |n: usize| send_at(&requests[n], now).is_some() && is_marketing(n);
    let concerned = people.iter().filter(|(n, _)| is_concerned(**n));
    let pairs: Vec<_> = concerned
        .map(|(n, it)| (requests[*n].tenant, it.contact, requests[*n].channel))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let refusing = consents::refusing_marketing(tx.on(), &pairs).await?;
    people.retain(|n, it| {
        let request = &requests[*n];
        let is_refused = is_concerned(*n) && refusing.contains(&(it.contact, request.channel));
        if is_refused {
            answers[*n] = Some(Err(Refusal::OptedOut(it.contact)));
        }
        !is_refused
    });
    Ok(())
}

/// Rejects messages for later whose channel has [`MAX_WAITING`] of them.
pub(super) async fn reject_over_limit(
    tx: &mut Tx,
    requests: &[AcceptRequest],
    people: &mut HashMap<usize, ResolvedRecipient>,
    now: DateTime<Utc>,
    answers: &mut [Option<Answer>],
) -> Result<()> {
    let mut room: HashMap<ChannelId, i64> = HashMap::new();
    for (n, request) in requests.iter().enumerate() {
        if send_at(request, now).is_none() || !people.contains_key(&n) {
            continue;
        }
        let left = match room.entry(request.channel) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let waiting = sends::count_scheduled(tx.on(), request.channel, now, MAX_WAITING).await?;
                unknown.insert(MAX_WAITING - waiting)
            }
        };
        match *left > 0 {
            true => *left -= 1,
            false => {
                people.remove(&n);
                answers[n] = Some(Err(Refusal::TooManyWaiting));
            }
        }
    }
    Ok(())
}
