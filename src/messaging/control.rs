//! What people and programs decide about messages on their way.

use crate::{
    app::App,
    domain::{MessageId, Status, TenantId},
    meta::graph::{Access, Error, Receipt},
    store::{
        messages,
        sends::{self, End, Placed},
    },
};

use super::record;

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
    #[error("message {0} is {1}: only one that is unknown can be resolved")]
    NotUnknown(MessageId, String),
    #[error("message {0} did not come from a customer: only inbound messages are read")]
    NotInbound(MessageId),
    #[error("the channel has no access token that opens: add the channel again to renew it")]
    NoToken,
    #[error(transparent)]
    Meta(#[from] Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Withdraws a message that no call was made for.
pub async fn cancel(app: &App, tenant: TenantId, id: MessageId) -> Result<(), ControlError> {
    let message = find(app, tenant, id).await?;
    let mut tx = app.db.begin().await?;
    if !sends::cancel(&mut tx, tenant, id, app.clock.now()).await? {
        tx.rollback().await?;
        return Err(ControlError::NotQueued(id, message.status));
    }
    let placed = placed(&message, tenant, Status::Canceled);
    let told = record::event(&app.clock, &placed);
    crate::store::events::append(&mut tx, &[told], app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Settles a message that is unknown.
pub async fn resolve(app: &App, tenant: TenantId, id: MessageId, resolution: Resolution) -> Result<(), ControlError> {
    let message = find(app, tenant, id).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(stalled) = sends::stalled(&mut tx, tenant, id).await? else {
        tx.rollback().await?;
        return Err(ControlError::NotUnknown(id, message.status));
    };
    let (status, outcome) = match resolution {
        Resolution::Sent => (Status::Sent, "accepted"),
        Resolution::Resend => (Status::Queued, "rejected"),
        Resolution::Drop => (Status::Canceled, "unknown"),
    };
    let end = End {
        attempt: stalled.attempt_id,
        outcome,
        http_status: None,
        error_details: Some("decided by a person".to_owned()),
        placed: placed(&message, tenant, status),
    };
    match resolution {
        Resolution::Resend => sends::requeue(&mut tx, &[(tenant, id, now)]).await?,
        Resolution::Sent | Resolution::Drop => sends::finish(&mut tx, &[id], now).await?,
    };
    record::write(&mut tx, &app.clock, &[end], Vec::new()).await?;
    sends::by_person(&mut tx, tenant, stalled.attempt_id).await?;
    tx.commit().await?;
    Ok(())
}

/// Shows the customer that an inbound message was read, or that an answer is being written.
pub async fn receipt(app: &App, tenant: TenantId, id: MessageId, receipt: Receipt) -> Result<(), ControlError> {
    let message = find(app, tenant, id).await?;
    let wamid = message.wamid.filter(|_| message.direction == "inbound");
    let wamid = wamid.ok_or(ControlError::NotInbound(id))?;
    let directory = app.directory.current();
    let route = directory.channel(message.channel_id).ok_or(ControlError::NoToken)?;
    let access = Access {
        phone_number_id: &route.phone_number_id,
        waba_id: &route.waba_id,
        token: route.access_token.as_ref().ok_or(ControlError::NoToken)?,
    };
    Ok(app.graph.read(access, &wamid, receipt).await?)
}

async fn find(app: &App, tenant: TenantId, id: MessageId) -> Result<messages::Message, ControlError> {
    let found = messages::find(app.db.reader(), tenant, id).await?;
    found.ok_or(ControlError::NoSuchMessage(id))
}

fn placed(message: &messages::Message, tenant: TenantId, status: Status) -> Placed {
    Placed {
        tenant,
        message: message.id,
        channel: message.channel_id,
        status,
        wamid: None,
        error_code: None,
        error_title: None,
    }
}
