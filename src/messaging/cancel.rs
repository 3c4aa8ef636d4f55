//! Cancels messages before they are sent.

use std::collections::{BTreeSet, HashMap};

use super::{ControlError, transitions};
use crate::{
    clock::Clock,
    db::{self, Db, Tx, retry_conflicts},
    domain::{ChannelId, Ctx, MessageId, Status, TenantId},
    messaging::MessagingService,
    messaging::store::sends::{self, Canceled, MessageTransition},
    records::{campaigns::MovedStatuses, events, messages},
};

/// Messages of a channel canceled in one transaction.
const PAGE: i64 = 500;

/// Cancels a message, if no call was made for it.
pub async fn cancel(service: &MessagingService, ctx: &Ctx, id: MessageId) -> Result<(), ControlError> {
    let canceled = cancel_all(service, ctx, &[id]).await?;
    canceled
        .into_iter()
        .next()
        .unwrap_or(Err(ControlError::NoSuchMessage(id)))
}

/// Cancels the messages that no call was made for, in one transaction. Returns a result for each id, in the order of `ids`.
pub async fn cancel_all(
    service: &MessagingService,
    ctx: &Ctx,
    ids: &[MessageId],
) -> db::Result<Vec<Result<(), ControlError>>> {
    let distinct: Vec<MessageId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let (canceled, others) = cancel_distinct((&service.db, &service.clock), ctx, &distinct).await?;
    let canceled: BTreeSet<MessageId> = canceled.into_iter().map(|it| it.id).collect();
    let result = |id: &MessageId| match others.get(id).map(String::as_str) {
        _ if canceled.contains(id) => Ok(()),
        None => Err(ControlError::NoSuchMessage(*id)),
        Some("queued") => Err(ControlError::InHand(*id)),
        Some(status) => Err(ControlError::NotQueued(*id, status.to_owned())),
    };
    Ok(ids.iter().map(result).collect())
}

/// Cancels the messages of a channel that wait and that no call was made for. Returns how many.
pub(crate) async fn cancel_waiting((db, clock): (&Db, &Clock), ctx: &Ctx, channel: ChannelId) -> db::Result<u64> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = sends::waiting_of(db.reader(), ctx.tenant, channel, after, PAGE).await?;
        let Some(last) = page.last().copied() else {
            return Ok(count);
        };
        after = Some(last);
        let (canceled, _) = cancel_distinct((db, clock), ctx, &page).await?;
        count += canceled.len() as u64;
    }
}

/// Cancels those of the messages that wait and that no call was made for.
pub(crate) async fn withdraw((db, clock): (&Db, &Clock), ctx: &Ctx, ids: &[MessageId]) -> db::Result<()> {
    cancel_distinct((db, clock), ctx, ids).await.map(drop)
}

async fn cancel_distinct((db, clock): (&Db, &Clock), ctx: &Ctx, ids: &[MessageId]) -> db::Result<CanceledAndStatuses> {
    let cancel = || db.transaction_as(ctx.tenant, async |tx: &mut Tx| cancel_in(tx, clock, ctx, ids).await);
    retry_conflicts(cancel).await
}

type CanceledAndStatuses = (Vec<Canceled>, HashMap<MessageId, String>);

/// Cancels the messages and returns them, with the status that each message had before.
async fn cancel_in(tx: &mut Tx, clock: &Clock, ctx: &Ctx, ids: &[MessageId]) -> db::Result<CanceledAndStatuses> {
    let tenant = ctx.tenant;
    let now = clock.now();
    messages::lock(tx, ids.iter().map(|id| (tenant, *id))).await?;
    let before = sends::statuses(tx, tenant, ids).await?;
    let mut moved = MovedStatuses::default();
    let mut canceled = sends::cancel(tx, tenant, ids, now, &mut moved).await?;
    canceled.sort_by_key(|it| it.id);
    let new_events: Vec<_> = canceled
        .iter()
        .map(|it| transitions::event(clock, &transition(tenant, it)).by(ctx.actor))
        .collect();
    moved.count(tx).await?;
    events::append(tx, &new_events, now).await?;
    Ok((canceled, before.into_iter().collect()))
}

fn transition(tenant: TenantId, canceled: &Canceled) -> MessageTransition {
    MessageTransition {
        tenant,
        message: canceled.id,
        channel: canceled.channel_id,
        conversation: canceled.conversation_id,
        contact: canceled.contact_id,
        status: Status::Canceled,
        wamid: None,
        error_code: None,
        error_title: None,
        error_details: None,
        labels: canceled.labels.clone(),
        templates: None,
    }
}
