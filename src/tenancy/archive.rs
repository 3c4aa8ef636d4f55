//! Takes channels out of use.

use super::{TenancyError, TenantService};
use crate::{
    db::{self, Tx, retry_conflicts},
    directory::{open_tenant_key, purpose},
    domain::{ChannelId, Ctx},
    events::channel::{Connection, DISCONNECTED},
    messaging,
    records::{
        channel_checks, channels,
        events::{self, NewEvent},
        tenants,
    },
    templates::store::templates,
};

/// A channel that was taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivedChannel {
    pub id: ChannelId,
    /// Number of waiting messages that were canceled.
    pub canceled: u64,
}

/// Takes a channel out of use: its token is wiped and its waiting messages are canceled, nothing is sent or checked any more, and its
/// webhooks are stored in quarantine. What it has exchanged stays readable. Adding the number again takes it back into use.
pub async fn archive_channel(
    service: &TenantService,
    ctx: &Ctx,
    id: ChannelId,
) -> Result<ArchivedChannel, TenancyError> {
    let tenant = ctx.tenant;
    let missing = || TenancyError::NotFound(format!("channel {id}"));
    let owner = tenants::find(service.db.writer(), tenant).await?.ok_or_else(missing)?;
    let key = open_tenant_key(&service.keyring, &owner).ok_or(TenancyError::KeyUnavailable)?;
    let wiped = key.seal(&purpose("access-token", id), b"");
    let take_out = || {
        service
            .db
            .transaction_as(tenant, async |tx: &mut Tx| take_out(tx, service, ctx, id, &wiped).await)
    };
    if !retry_conflicts(take_out).await? {
        return Err(missing());
    }
    let canceled = messaging::cancel_waiting((&service.db, &service.clock), ctx, id).await?;
    Ok(ArchivedChannel { id, canceled })
}

/// Takes a channel out of use, unless it is. Returns whether there is such a channel.
async fn take_out(tx: &mut Tx, service: &TenantService, ctx: &Ctx, id: ChannelId, wiped: &[u8]) -> db::Result<bool> {
    let (tenant, now) = (ctx.tenant, service.clock.now());
    let Some(channel) = channels::find(tx.on(), tenant, id).await? else {
        return Ok(false);
    };
    if channels::archive(tx.on(), tenant, id, wiped.to_vec(), now).await? == 0 {
        return Ok(true);
    }
    channel_checks::remove(tx.on(), id, tenant).await?;
    let waba = channel.waba_id.as_deref().unwrap_or_default();
    if channels::count_of_account(tx.on(), tenant, waba).await? == 0 {
        templates::remove_sync(tx.on(), tenant, waba).await?;
    }
    let data = Connection {
        channel_id: id,
        phone_number_id: &channel.phone_number_id,
        waba_id: waba,
        display_phone_number: channel.display_phone_number.as_deref(),
        reason: None,
    };
    let event = NewEvent::new(&service.clock, tenant, &DISCONNECTED, now, &data);
    events::append(tx, &[event.by(ctx.actor).on(id)], now).await?;
    Ok(true)
}
