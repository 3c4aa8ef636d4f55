//! Commands of tenants on messages: resolving unknown ones, marking inbound ones as read.

use crate::{
    db::{self, retry_conflicts},
    domain::{AttemptOutcome, Ctx, Direction, MessageId, Status, TenantId},
    messaging::{
        MessagingService,
        accept::OUTBOUND,
        store::sends::{self, MessageTransition},
    },
    provider::{CallError, Receipt},
    records::{campaigns::MovedStatuses, events, messages},
};

use super::transitions;

/// A person's decision about a message whose delivery is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The message was sent.
    Sent,
    /// The message was not sent: queue it again.
    Resend,
    /// Cancel the message, whether or not it was sent.
    Drop,
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("there is no message {0}")]
    NoSuchMessage(MessageId),
    #[error("message {0} is {1}: only a message that is still queued can be canceled")]
    NotQueued(MessageId, String),
    #[error("message {0} is about to be sent: try again in a moment")]
    InHand(MessageId),
    #[error("message {0} is {1}: only one that is unknown can be resolved")]
    NotUnknown(MessageId, Status),
    #[error("message {0} is not inbound: only messages of customers can be marked as read")]
    NotInbound(MessageId),
    #[error(transparent)]
    Provider(#[from] CallError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Applies a person's decision to a message that is `unknown`. A status or a worker that takes the message at the same time wins.
pub async fn resolve(
    service: &MessagingService,
    ctx: &Ctx,
    id: MessageId,
    resolution: Resolution,
) -> Result<(), ControlError> {
    let tenant = ctx.tenant;
    let message = find(service, tenant, id).await?;
    if !retry_conflicts(|| settle(service, ctx, &message, resolution)).await? {
        return Err(ControlError::NotUnknown(id, message.status));
    }
    if resolution == Resolution::Resend {
        // The decision is committed: the sweep finds what cannot be queued here.
        let due = sends::job_entries(service.db.reader(), &[id]).await.unwrap_or_default();
        let _ = service.queues.push_entries(&OUTBOUND, &due).await;
    }
    Ok(())
}

/// Returns `false` if the message is no longer `unknown`.
async fn settle(
    service: &MessagingService,
    ctx: &Ctx,
    message: &messages::Message,
    resolution: Resolution,
) -> db::Result<bool> {
    let tenant = ctx.tenant;
    let (id, now) = (message.id, service.clock.now());
    let (status, outcome) = match resolution {
        Resolution::Sent => (Status::Sent, AttemptOutcome::Accepted),
        Resolution::Resend => (Status::Queued, AttemptOutcome::Rejected),
        Resolution::Drop => (Status::Canceled, AttemptOutcome::Unknown),
    };
    let mut tx = service.db.begin_as(tenant).await?;
    let settled = async {
        if sends::record_resolution(tx.on(), tenant, id, outcome, now)
            .await?
            .is_none()
        {
            return Ok(false);
        }
        let transition = transition(message, tenant, status);
        match resolution {
            Resolution::Resend => {
                let mut moved = MovedStatuses::default();
                sends::requeue(tx.on(), &[(tenant, id, now)], &mut moved).await?;
                let event = transitions::event(&service.clock, &transition).by(ctx.actor);
                moved.count(&mut tx).await?;
                events::append(&mut tx, &[event], now).await?;
            }
            Resolution::Sent | Resolution::Drop => {
                transitions::write(&mut tx, &service.clock, &[], vec![transition]).await?;
                sends::finish(tx.on(), &[id], now).await?;
            }
        }
        Ok(true)
    };
    match settled.await {
        Ok(false) => tx.rollback().await.map(|()| false),
        settled => tx.close(settled).await,
    }
}

/// Marks an inbound message as read, or shows the customer a typing indicator.
pub async fn receipt(
    service: &MessagingService,
    ctx: &Ctx,
    id: MessageId,
    receipt: Receipt,
) -> Result<(), ControlError> {
    let tenant = ctx.tenant;
    let message = find(service, tenant, id).await?;
    let wamid = message.wamid.filter(|_| message.direction == Direction::Inbound);
    let wamid = wamid.ok_or(ControlError::NotInbound(id))?;
    let directory = service.directory.current();
    let route = directory.channel(message.channel_id).ok_or(CallError::NoToken)?;
    Ok(service.providers.mark_read(route, &wamid, receipt).await?)
}

async fn find(service: &MessagingService, tenant: TenantId, id: MessageId) -> Result<messages::Message, ControlError> {
    let found = messages::find(service.db.reader(), tenant, id).await?;
    found.ok_or(ControlError::NoSuchMessage(id))
}

fn transition(message: &messages::Message, tenant: TenantId, status: Status) -> MessageTransition {
    MessageTransition {
        tenant,
        message: message.id,
        channel: message.channel_id,
        conversation: message.conversation_id,
        contact: message.contact_id,
        status,
        wamid: None,
        error_code: None,
        error_title: None,
        error_details: None,
        labels: message.labels.clone(),
        templates: None,
    }
}
