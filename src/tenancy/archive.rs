//! Takes channels out of use.

use super::{TenancyError, TenantService};
use crate::{
    db::{self, Tx, retry_conflicts},
    directory::{open_tenant_key, purpose},
    domain::{ChannelId, Ctx},
    events::channel::{Connection, DISCONNECTED},
    messaging,
    records::{
        campaigns::{self, LiveCampaign},
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
/// webhooks are stored in quarantine. What it has exchanged stays readable. Adding the number again takes it back into use. While a campaign of
/// the channel has not ended, it is refused: the recipients that are left would wait for nothing.
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
    match retry_conflicts(take_out).await? {
        TakenOut::Done => {}
        TakenOut::Missing => return Err(missing()),
        TakenOut::Needed(by) => {
            return Err(TenancyError::Conflict(format!(
                "the campaign {} ({:?}) sends by this channel: wait for its end, or cancel it",
                by.id, by.name
            )));
        }
    }
    let canceled = messaging::cancel_waiting((&service.db, &service.clock), ctx, id).await?;
    Ok(ArchivedChannel { id, canceled })
}

/// Whether a channel was taken out of use.
enum TakenOut {
    /// Now, or before.
    Done,
    /// There is no such channel.
    Missing,
    /// It stays: the campaign has not ended.
    Needed(LiveCampaign),
}

/// Takes a channel out of use, unless it is.
async fn take_out(
    tx: &mut Tx,
    service: &TenantService,
    ctx: &Ctx,
    id: ChannelId,
    wiped: &[u8],
) -> db::Result<TakenOut> {
    let (tenant, now) = (ctx.tenant, service.clock.now());
    let Some(channel) = channels::find(tx.on(), tenant, id).await? else {
        return Ok(TakenOut::Missing);
    };
    if let Some(live) = campaigns::live_of_channel(tx.on(), tenant, id).await? {
        return Ok(TakenOut::Needed(live));
    }
    if channels::archive(tx.on(), tenant, id, wiped.to_vec(), now).await? == 0 {
        return Ok(TakenOut::Done);
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
    Ok(TakenOut::Done)
}
