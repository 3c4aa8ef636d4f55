//! What people and programs decide about messages on their way.

use crate::{
    db::{self, retry_conflicts},
    domain::{AttemptOutcome, Direction, MessageId, Status, TenantId},
    messaging::{
        MessagingService,
        accept::OUTBOUND,
        store::sends::{self, MessageTransition},
    },
    meta::graph::{Error, Receipt},
    records::{events, messages},
};

use super::transitions;

/// What is to become of a message of which nobody knows whether it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It was sent.
    Sent,
    /// It was not: send it again.
    Resend,
    /// Whatever it was, let it be.
    Drop,
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("there is no message {0}")]
    NoSuchMessage(MessageId),
    #[error("message {0} is {1}: only a message that is still queued can be canceled")]
    NotQueued(MessageId, String),
    #[error("message {0} is about to be sent: look again in a moment")]
    InHand(MessageId),
    #[error("message {0} is {1}: only one that is unknown can be resolved")]
    NotUnknown(MessageId, Status),
    #[error("message {0} did not come from a customer: only inbound messages are read")]
    NotInbound(MessageId),
    #[error("the channel has no access token that opens: add the channel again to renew it")]
    NoToken,
    #[error(transparent)]
    Meta(#[from] Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Settles a message that is unknown. A status or a worker that is at it in the same moment goes first.
pub async fn resolve(
    service: &MessagingService,
    tenant: TenantId,
    id: MessageId,
    resolution: Resolution,
) -> Result<(), ControlError> {
    let message = find(service, tenant, id).await?;
    if !retry_conflicts(|| settle(service, tenant, &message, resolution)).await? {
        return Err(ControlError::NotUnknown(id, message.status));
    }
    if resolution == Resolution::Resend {
        // It is committed: what cannot be queued is found by the sweep.
        let due = sends::job_entries(service.db.reader(), &[id]).await.unwrap_or_default();
        let _ = service.queues.push_entries(&OUTBOUND, &due).await;
    }
    Ok(())
}

/// False when the message is not unknown any more.
async fn settle(
    service: &MessagingService,
    tenant: TenantId,
    message: &messages::Message,
    resolution: Resolution,
) -> db::Result<bool> {
    let (id, now) = (message.id, service.clock.now());
    let (status, outcome) = match resolution {
        Resolution::Sent => (Status::Sent, AttemptOutcome::Accepted),
        Resolution::Resend => (Status::Queued, AttemptOutcome::Rejected),
        Resolution::Drop => (Status::Canceled, AttemptOutcome::Unknown),
    };
    let mut tx = service.db.begin().await?;
    let settled = async {
        if sends::record_resolution(&mut tx, tenant, id, outcome, now)
            .await?
            .is_none()
        {
            return Ok(false);
        }
        let transition = transition(message, tenant, status);
        match resolution {
            Resolution::Resend => {
                sends::requeue(&mut tx, &[(tenant, id, now)]).await?;
                events::append(&mut tx, &[transitions::event(&service.clock, &transition)], now).await?;
            }
            Resolution::Sent | Resolution::Drop => {
                transitions::write(&mut tx, &service.clock, &[], vec![transition]).await?;
                sends::finish(&mut tx, &[id], now).await?;
            }
        }
        Ok(true)
    };
    match settled.await {
        Ok(false) => tx.rollback().await.map(|()| false),
        settled => tx.close(settled).await,
    }
}

/// Shows the customer that an inbound message was read, or that an answer is being written.
pub async fn receipt(
    service: &MessagingService,
    tenant: TenantId,
    id: MessageId,
    receipt: Receipt,
) -> Result<(), ControlError> {
    let message = find(service, tenant, id).await?;
    let wamid = message.wamid.filter(|_| message.direction == Direction::Inbound);
    let wamid = wamid.ok_or(ControlError::NotInbound(id))?;
    let directory = service.directory.current();
    let route = directory.channel(message.channel_id).ok_or(ControlError::NoToken)?;
    let access = route.access().ok_or(ControlError::NoToken)?;
    Ok(service.graph.mark_read(access, &wamid, receipt).await?)
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
        templates: None,
    }
}
