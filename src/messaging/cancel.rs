//! Messages that are withdrawn while they wait.

use std::collections::{BTreeSet, HashMap};

use super::{ControlError, transitions};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{MessageId, Status, TenantId},
    messaging::MessagingService,
    messaging::store::sends::{self, Canceled, MessageTransition},
    records::{events, messages},
};

/// Withdraws a message that no call was made for.
pub async fn cancel(service: &MessagingService, tenant: TenantId, id: MessageId) -> Result<(), ControlError> {
    let canceled = cancel_all(service, tenant, &[id]).await?;
    canceled
        .into_iter()
        .next()
        .unwrap_or(Err(ControlError::NoSuchMessage(id)))
}

/// Withdraws those that no call was made for, in one commit; says of each in its place why it could not.
pub async fn cancel_all(
    service: &MessagingService,
    tenant: TenantId,
    ids: &[MessageId],
) -> db::Result<Vec<Result<(), ControlError>>> {
    let distinct: Vec<MessageId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let withdraw = || {
        service
            .db
            .transaction(async |tx: &mut Tx| withdraw(tx, service, tenant, &distinct).await)
    };
    let (canceled, others) = retry_conflicts(withdraw).await?;
    let canceled: BTreeSet<MessageId> = canceled.into_iter().map(|it| it.id).collect();
    let result = |id: &MessageId| match others.get(id).map(String::as_str) {
        _ if canceled.contains(id) => Ok(()),
        None => Err(ControlError::NoSuchMessage(*id)),
        Some("queued") => Err(ControlError::InHand(*id)),
        Some(status) => Err(ControlError::NotQueued(*id, status.to_owned())),
    };
    Ok(ids.iter().map(result).collect())
}

type Withdrawn = (Vec<Canceled>, HashMap<MessageId, String>);

/// With where the messages stood.
async fn withdraw(
    tx: &mut Tx,
    service: &MessagingService,
    tenant: TenantId,
    ids: &[MessageId],
) -> db::Result<Withdrawn> {
    let now = service.clock.now();
    messages::lock(tx, ids.iter().map(|id| (tenant, *id))).await?;
    let stood = sends::statuses(tx, tenant, ids).await?;
    let mut canceled = sends::cancel(tx, tenant, ids, now).await?;
    canceled.sort_by_key(|it| it.id);
    let told: Vec<_> = canceled
        .iter()
        .map(|it| transitions::event(&service.clock, &transition(tenant, it)))
        .collect();
    events::append(tx, &told, now).await?;
    Ok((canceled, stood.into_iter().collect()))
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
        templates: None,
    }
}
