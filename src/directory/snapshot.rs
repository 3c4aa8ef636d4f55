use std::collections::HashMap;

use crate::{
    config::Secret,
    crypto::{Keyring, SealingKey, Signer},
    db::Db,
    domain::{ChannelId, TenantId},
    meta::graph::Access,
    store::{
        channels::{self, Channel},
        tenants,
    },
};

/// A phone number and where its webhooks go.
#[derive(Clone, Debug)]
pub struct Route {
    pub channel: ChannelId,
    pub tenant: TenantId,
    pub phone_number_id: String,
    pub waba_id: String,
    pub display_phone_number: Option<String>,
    /// What Meta wants to hear from whoever sends from this number; `None` when it does not open.
    pub access_token: Option<Secret>,
    pub app_secret: Option<Secret>,
    /// Messages per second that Meta lets it exchange.
    pub throughput: f64,
    /// Messages per second that the operator lets the tenant send, from all its numbers together.
    pub tenant_throughput: Option<f64>,
    /// Meta's id of the portfolio whose daily limit counts, or the account's while that is not known.
    pub portfolio: String,
    /// It may not send.
    pub tripped: bool,
    /// It may not send campaigns.
    pub campaigns_paused: bool,
}

impl Route {
    /// How to call Meta for this number; `None` when its token does not open.
    pub fn access(&self) -> Option<Access<'_>> {
        Some(Access {
            phone_number_id: &self.phone_number_id,
            waba_id: &self.waba_id,
            token: self.access_token.as_ref()?,
        })
    }
}

/// Meta's level for a number it said nothing of.
const THROUGHPUT: f64 = 80.0;

/// Whose app secret signed a webhook. A tenant's own secret speaks for that tenant's channels only, or one tenant could write
/// into another's inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    Operator,
    Tenant(TenantId),
}

/// The channels at one moment.
pub struct Snapshot {
    signers: Vec<(Signer, SignedBy)>,
    by_number: HashMap<String, Route>,
    by_waba: HashMap<String, Vec<Route>>,
    by_channel: HashMap<ChannelId, Route>,
}

impl Snapshot {
    pub(super) fn new(operator: &[Secret], routes: Vec<Route>) -> Self {
        let mut signers: Vec<_> = operator
            .iter()
            .map(|secret| (Signer::new(secret.expose()), SignedBy::Operator))
            .collect();
        let mut known: Vec<(TenantId, &str)> = Vec::new();
        for route in &routes {
            let Some(secret) = &route.app_secret else { continue };
            if !known.contains(&(route.tenant, secret.expose())) {
                known.push((route.tenant, secret.expose()));
                signers.push((Signer::new(secret.expose()), SignedBy::Tenant(route.tenant)));
            }
        }
        let mut by_waba: HashMap<String, Vec<Route>> = HashMap::new();
        for route in &routes {
            by_waba.entry(route.waba_id.clone()).or_default().push(route.clone());
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

    /// Whose secret made this signature over these exact bytes.
    pub fn signed_by(&self, body: &[u8], signature: &[u8; 32]) -> Option<SignedBy> {
        self.signers
            .iter()
            .find(|(signer, _)| signer.signed(body, signature))
            .map(|(_, by)| *by)
    }

    pub fn number(&self, phone_number_id: &str) -> Option<&Route> {
        self.by_number.get(phone_number_id)
    }

    pub fn channel(&self, channel: ChannelId) -> Option<&Route> {
        self.by_channel.get(&channel)
    }

    /// The channels of a WhatsApp Business Account.
    pub fn account(&self, waba_id: &str) -> &[Route] {
        self.by_waba.get(waba_id).map_or(&[], Vec::as_slice)
    }
}

/// All channels with their secrets opened. One that does not open (a lost master key) is logged; it signs nothing and sends nothing.
pub(super) async fn routes(db: &Db, keyring: &Keyring) -> sqlx::Result<Vec<Route>> {
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
        Route {
            access_token: open("access-token", &channel.access_token),
            app_secret: channel
                .app_secret
                .as_deref()
                .and_then(|sealed| open("app-secret", sealed)),
            channel: channel.id,
            tenant: channel.tenant_id,
            tenant_throughput: quotas.get(&channel.tenant_id).copied().flatten(),
            portfolio: channel.portfolio().to_owned(),
            campaigns_paused: channel.campaigns_paused_at.is_some(),
            phone_number_id: channel.phone_number_id,
            waba_id: channel.waba_id,
            display_phone_number: channel.display_phone_number,
            throughput: channel.throughput.map_or(THROUGHPUT, |per_second| per_second as f64),
            tripped: channel.tripped_at.is_some(),
        }
    };
    Ok(channels.into_iter().map(route).collect())
}

fn open_secret(key: &SealingKey, what: &'static str, channel: ChannelId, sealed: &[u8]) -> Option<Secret> {
    let opened = key.open(&purpose(what, channel), sealed).ok();
    let text = opened.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    if text.is_none() {
        tracing::error!(channel.id = %channel, secret = what, "a channel's secret does not open: add the channel again to renew it");
    }
    text.map(Secret::new)
}

/// What a channel's secrets are sealed for.
pub fn purpose(what: &str, channel: ChannelId) -> String {
    format!("{what} {channel}")
}

/// The key a tenant's secrets are sealed under.
pub fn open_tenant_key(keyring: &Keyring, tenant: &tenants::Tenant) -> Option<SealingKey> {
    let opened = keyring
        .open(&format!("tenant-key {}", tenant.id), &tenant.sealed_key)
        .ok();
    let key = opened
        .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
        .map(SealingKey::new);
    if key.is_none() {
        tracing::error!(tenant.id = %tenant.id, "a tenant's key does not open under any master key");
    }
    key
}
