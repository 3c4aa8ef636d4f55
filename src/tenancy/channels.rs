//! Adds channels and updates their secrets.

use super::{TenancyError, TenantService, text};
use crate::{
    config::Secret,
    crypto::{SealingKey, Signer},
    db::Tx,
    directory::{PROPAGATION_TIME, open_tenant_key, purpose},
    domain::{AppSecretId, ChannelId, Ctx, HoldReason, Provider, Quota, TenantId},
    events::channel::{CONNECTED, Connection, RECOVERED, Resumed},
    inbound::store::quarantine,
    messaging::store::sends,
    records::{
        channel_checks,
        channels::{self, Channel},
        events::{self, NewEvent},
        former_app_secrets::{self, FormerAppSecret},
        quotas, tenants,
    },
    templates::store::templates,
};

/// A business phone number to add. `phone_number_id` and `waba_id` are Meta's numeric ids.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub phone_number_id: String,
    pub waba_id: String,
    pub access_token: Secret,
    /// Secret of the Meta app that signs this number's webhooks, if it is not the operator's app.
    pub app_secret: Option<Secret>,
}

/// Result of adding a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedChannel {
    pub id: ChannelId,
    /// Number of quarantined webhooks that are now processed.
    pub released: u64,
    /// Number of held sends released, if the channel's circuit breaker was open.
    pub recovered: Option<u64>,
}

/// Adds a channel, or updates the secrets of one the tenant has, takes it into use and closes its circuit breaker. Its quarantined webhooks
/// become due. A number that is a channel of another tenant or account is refused.
pub async fn add_channel(service: &TenantService, ctx: &Ctx, new: NewChannel) -> Result<AddedChannel, TenancyError> {
    put(service, ctx, new, Account::OfTheChannel).await
}

/// Adds a channel like [`add_channel`]; one that the tenant has in another account is moved to this one.
pub(crate) async fn add_moved_channel(
    service: &TenantService,
    ctx: &Ctx,
    new: NewChannel,
) -> Result<AddedChannel, TenancyError> {
    put(service, ctx, new, Account::Any).await
}

/// The account that a number may be added with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Account {
    /// Of a number that is a channel already, the channel's.
    OfTheChannel,
    Any,
}

/// Returns the channel that a number is already.
///
/// # Errors
/// Refuses the number if it would change its tenant, or its account without permission. The refusal names the present owner.
async fn known(
    service: &TenantService,
    tenant: TenantId,
    (phone_number_id, waba_id): (&str, &str),
    account: Account,
) -> Result<Option<Channel>, TenancyError> {
    let Some(known) = channels::find_by_number(service.db.writer(), phone_number_id).await? else {
        return Ok(None);
    };
    let id = known.id;
    if known.tenant_id != tenant {
        let owner = tenants::find(service.db.writer(), known.tenant_id).await?;
        let name = owner.map_or_else(String::new, |owner| format!("{:?}, ", owner.name));
        let owner = known.tenant_id;
        return Err(TenancyError::Conflict(format!(
            "phone number id {phone_number_id} is channel {id} of another tenant, {name}{owner}; a channel never changes its tenant"
        )));
    }
    match known.waba_id.as_deref() {
        Some(present) if present != waba_id && account == Account::OfTheChannel => {
            Err(TenancyError::Conflict(format!(
                "phone number id {phone_number_id} is channel {id} of the account {present}, not of {waba_id}; if Meta has moved the number \
             there, say so: `--move`, in the API `move`"
            )))
        }
        _ => Ok(Some(known)),
    }
}

async fn put(
    service: &TenantService,
    ctx: &Ctx,
    new: NewChannel,
    account: Account,
) -> Result<AddedChannel, TenancyError> {
    let tenant = ctx.tenant;
    let phone_number_id = digits("phone_number_id", &new.phone_number_id)?;
    let waba_id = digits("waba_id", &new.waba_id)?;
    let token = text("access_token", new.access_token.expose(), 4_096)?;
    let owner = tenants::find(service.db.writer(), tenant).await?;
    let owner = owner.ok_or_else(|| TenancyError::NotFound(format!("tenant {tenant}")))?;
    let key = open_tenant_key(&service.keyring, &owner).ok_or(TenancyError::KeyUnavailable)?;
    let known = known(service, tenant, (phone_number_id, waba_id), account).await?;
    let is_new = known.as_ref().is_none_or(|channel| channel.archived_at.is_some());
    let id = known.map_or_else(|| service.clock.new_id(), |channel| channel.id);
    let now = service.clock.now();
    let channel = Channel {
        id,
        tenant_id: tenant,
        provider: Provider::Meta,
        phone_number_id: phone_number_id.to_owned(),
        waba_id: Some(waba_id.to_owned()),
        display_phone_number: None,
        access_token: Some(key.seal(&purpose("access-token", id), token.as_bytes())),
        app_secret: new
            .app_secret
            .map(|secret| key.seal(&purpose("app-secret", id), secret.expose().as_bytes())),
        credentials: None,
        created_at: now,
        updated_at: now,
        throughput: None,
        quality: None,
        messaging_limit: None,
        checked_at: None,
        tripped_at: None,
        trip_code: None,
        trip_reason: None,
        business_id: None,
        campaigns_paused_at: None,
        archived_at: None,
    };
    let mut tx = service.db.begin().await?;
    let taken = || TenancyError::Conflict(format!("phone number id {phone_number_id} belongs to another tenant"));
    if is_new && let Err(reached) = quotas::admit(&mut tx, tenant, Quota::Channels).await? {
        tx.rollback().await?;
        return Err(reached.into());
    }
    if channel.app_secret.is_some() {
        note_former_secret(&mut tx, &key, &channel).await?;
    }
    let id = channels::upsert(tx.on(), &channel, ctx.actor)
        .await?
        .ok_or_else(taken)?;
    // A new token may see templates that the old one could not.
    templates::request_sync(tx.on(), service.clock.new_id(), tenant, waba_id, now, now).await?;
    // The check fetches throughput and daily limit from Meta.
    channel_checks::request(tx.on(), id, tenant, now).await?;
    let released = quarantine::release(
        tx.on(),
        &[quarantine::number(phone_number_id), quarantine::waba(waba_id)],
        now,
    )
    .await?;
    let mut events = Vec::new();
    if is_new {
        let data = Connection {
            channel_id: id,
            phone_number_id,
            waba_id,
            display_phone_number: None,
            reason: None,
        };
        events.push(
            NewEvent::new(&service.clock, tenant, &CONNECTED, now, &data)
                .by(ctx.actor)
                .on(id),
        );
    }
    let recovered = recover(&mut tx, service, tenant, id).await?;
    if let Some(released) = recovered {
        let data = Resumed {
            channel_id: id,
            released,
        };
        events.push(
            NewEvent::new(&service.clock, tenant, &RECOVERED, now, &data)
                .by(ctx.actor)
                .on(id),
        );
    }
    events::append(&mut tx, &events, now).await?;
    tx.commit().await?;
    Ok(AddedChannel {
        id,
        released,
        recovered,
    })
}

/// Stores the app secret that a channel is about to lose, unless another channel of the tenant has it too.
async fn note_former_secret(tx: &mut Tx, key: &SealingKey, renewed: &Channel) -> Result<(), TenancyError> {
    let secret_of = |it: &Channel| -> Option<AppSecretId> {
        let opened = key
            .open(&purpose("app-secret", it.id), it.app_secret.as_deref()?)
            .ok()?;
        Some(Signer::new(std::str::from_utf8(&opened).ok()?).id())
    };
    let (tenant, fresh) = (renewed.tenant_id, secret_of(renewed));
    let all = channels::of_tenant(tx.on(), tenant).await?;
    let Some(former) = all.iter().find(|it| it.id == renewed.id).and_then(secret_of) else {
        return Ok(());
    };
    let others = all.iter().filter(|it| it.id != renewed.id);
    if fresh == Some(former) || others.filter_map(secret_of).any(|it| it == former) {
        return Ok(());
    }
    let former = FormerAppSecret {
        tenant_id: tenant,
        secret_id: former,
        valid_until: renewed.updated_at + PROPAGATION_TIME,
    };
    former_app_secrets::put(tx.on(), former).await?;
    Ok(())
}

/// Closes the circuit breaker of a channel with a new token. If that is invalid too, the next message opens it again.
async fn recover(
    tx: &mut Tx,
    service: &TenantService,
    tenant: TenantId,
    id: ChannelId,
) -> Result<Option<u64>, TenancyError> {
    let now = service.clock.now();
    if channels::recover(tx.on(), tenant, id, now, now).await? == 0 {
        return Ok(None);
    }
    let released = sends::release(tx.on(), id, HoldReason::Breaker, now).await?;
    Ok(Some(released))
}

/// Checks that a text is one of Meta's numeric ids.
fn digits<'t>(what: &str, value: &'t str) -> Result<&'t str, TenancyError> {
    let value = text(what, value, 32)?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(value);
    }
    Err(TenancyError::Invalid(format!(
        "{what} is Meta's id: digits only, found in the app dashboard under API Setup"
    )))
}
