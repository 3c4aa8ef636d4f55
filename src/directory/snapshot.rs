//! A snapshot of all channels with decrypted secrets.

use std::collections::HashMap;

use super::Signers;

use crate::{
    config::Secret,
    crypto::{Keyring, SealingKey, Signer},
    db::Db,
    domain::{AppSecretId, ChannelId, Provider, TenantId},
    meta::graph::Access,
    records::{
        channels::{self, Channel},
        former_app_secrets::{self, FormerAppSecret},
        tenants,
    },
};

/// A channel: a phone number, and the tenant that receives its webhooks.
#[derive(Clone, Debug)]
pub struct Route {
    pub channel: ChannelId,
    pub tenant: TenantId,
    pub provider: Provider,
    pub phone_number_id: String,
    /// `None` where the provider has no such accounts.
    pub waba_id: Option<String>,
    pub display_phone_number: Option<String>,
    /// Access token for calls to Meta; `None` if it cannot be decrypted.
    pub access_token: Option<Secret>,
    pub app_secret: Option<Secret>,
    pub app_secret_id: Option<AppSecretId>,
    /// Messages per second that Meta allows for this number.
    pub throughput: f64,
    /// Messages per second that the operator allows the tenant, over all its numbers.
    pub(crate) tenant_throughput: Option<f64>,
    /// Meta's id of the portfolio whose daily limit applies, or of the account while that is unknown.
    pub portfolio: String,
    /// The circuit breaker of the channel is open: it may not send.
    pub tripped: bool,
    /// Campaigns of this channel are paused.
    pub campaigns_paused: bool,
    /// The channel is out of use: its app secret signs, and that is all.
    pub(super) archived: bool,
}

impl Route {
    /// Returns the account whose templates the channel sends: the WABA, or the number itself where the provider has no accounts.
    pub fn account(&self) -> &str {
        self.waba_id.as_deref().unwrap_or(&self.phone_number_id)
    }

    /// Returns the credentials for calls to Meta; `None` if the token cannot be decrypted, or if the channel is not Meta's.
    pub fn access(&self) -> Option<Access<'_>> {
        Some(Access {
            phone_number_id: &self.phone_number_id,
            waba_id: self.waba_id.as_deref()?,
            token: self.access_token.as_ref()?,
        })
    }
}

/// Default throughput of a number, Meta's standard level.
const DEFAULT_THROUGHPUT: f64 = 80.0;

/// A snapshot of the channels.
pub struct Snapshot {
    signers: Signers,
    by_number: HashMap<String, Route>,
    by_waba: HashMap<String, Vec<Route>>,
    by_channel: HashMap<ChannelId, Route>,
}

impl Snapshot {
    /// Returns the number of channels whose circuit breaker is open.
    pub(crate) fn count_tripped(&self) -> usize {
        self.by_channel.values().filter(|route| route.tripped).count()
    }

    pub(super) fn new(operator: &[Secret], known: SnapshotData, before: Option<&Self>) -> Self {
        let SnapshotData { mut routes, former } = known;
        let signers = Signers::new(operator, &routes, &former, before.map(|it| &it.signers));
        routes.retain(|route| !route.archived);
        let mut by_waba: HashMap<String, Vec<Route>> = HashMap::new();
        for route in &routes {
            if let Some(waba) = &route.waba_id {
                by_waba.entry(waba.clone()).or_default().push(route.clone());
            }
        }
        let by_channel = routes.iter().map(|route| (route.channel, route.clone())).collect();
        let by_number = routes
            .into_iter()
            .map(|route| (route.phone_number_id.clone(), route))
            .collect();
        Self {
            signers,
            by_number,
            by_waba,
            by_channel,
        }
    }

    /// Returns the app secrets that sign webhooks.
    pub(crate) fn signers(&self) -> &Signers {
        &self.signers
    }

    pub fn number(&self, phone_number_id: &str) -> Option<&Route> {
        self.by_number.get(phone_number_id)
    }

    pub fn channel(&self, channel: ChannelId) -> Option<&Route> {
        self.by_channel.get(&channel)
    }

    /// Returns all channels in use.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Route> {
        self.by_channel.values()
    }

    /// Returns the channels of a WhatsApp Business Account.
    pub fn account(&self, waba_id: &str) -> &[Route] {
        self.by_waba.get(waba_id).map_or(&[], Vec::as_slice)
    }
}

/// The data of a snapshot.
#[derive(Default)]
pub(super) struct SnapshotData {
    routes: Vec<Route>,
    former: Vec<FormerAppSecret>,
}

/// Reads all channels and decrypts their secrets. A secret that cannot be decrypted (lost master key) is logged; the channel then verifies
/// no webhooks or sends no messages.
pub(super) async fn read(db: &Db, keyring: &Keyring) -> sqlx::Result<SnapshotData> {
    let tenants = tenants::all(db.reader()).await?;
    let quotas: HashMap<TenantId, Option<f64>> = tenants.iter().map(|it| (it.id, it.messages_per_second)).collect();
    let keys: HashMap<TenantId, SealingKey> = tenants
        .into_iter()
        .filter_map(|tenant| Some((tenant.id, open_tenant_key(keyring, &tenant)?)))
        .collect();
    let channels = channels::all(db.reader()).await?;
    let route = |channel: Channel| {
        let key = keys.get(&channel.tenant_id);
        let open = |what, sealed: &[u8]| open_secret(key?, what, channel.id, sealed);
        let access_token = channel.access_token.as_deref();
        let app_secret = channel.app_secret.as_deref();
        let app_secret = app_secret.and_then(|sealed| open("app-secret", sealed));
        Route {
            access_token: access_token.and_then(|sealed| open("access-token", sealed)),
            app_secret_id: app_secret.as_ref().map(|secret| Signer::new(secret.expose()).id()),
            app_secret,
            channel: channel.id,
            tenant: channel.tenant_id,
            provider: channel.provider,
            tenant_throughput: quotas.get(&channel.tenant_id).copied().flatten(),
            portfolio: channel.portfolio().to_owned(),
            campaigns_paused: channel.campaigns_paused_at.is_some(),
            phone_number_id: channel.phone_number_id,
            waba_id: channel.waba_id,
            display_phone_number: channel.display_phone_number,
            throughput: channel
                .throughput
                .map_or(DEFAULT_THROUGHPUT, |per_second| per_second as f64),
            tripped: channel.tripped_at.is_some(),
            archived: channel.archived_at.is_some(),
        }
    };
    let routes = channels.into_iter().map(route).collect();
    // Read after the channels, so that a secret just removed from one is found here.
    let former = former_app_secrets::all(db.reader()).await?;
    Ok(SnapshotData { routes, former })
}

fn open_secret(key: &SealingKey, what: &'static str, channel: ChannelId, sealed: &[u8]) -> Option<Secret> {
    let opened = key.open(&purpose(what, channel), sealed).ok();
    let text = opened.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    if text.is_none() {
        tracing::error!(channel.id = %channel, secret = what, "a channel's secret cannot be decrypted: add the channel again to renew it");
    }
    text.map(Secret::new)
}

/// Returns the purpose that a channel's secret is sealed for.
pub fn purpose(what: &str, channel: ChannelId) -> String {
    format!("{what} {channel}")
}

/// Returns the key that a tenant's secrets are sealed under.
pub(crate) fn open_tenant_key(keyring: &Keyring, tenant: &tenants::Tenant) -> Option<SealingKey> {
    let opened = keyring
        .open(&format!("tenant-key {}", tenant.id), &tenant.sealed_key)
        .ok();
    let key = opened
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(SealingKey::new);
    if key.is_none() {
        tracing::error!(tenant.id = %tenant.id, "a tenant's key cannot be decrypted with any master key");
    }
    key
}
