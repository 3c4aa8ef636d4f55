//! Channels: the business phone numbers that tenants have added.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Tx},
    domain::{Actor, ChannelId, Id, Provider, TenantId},
    records::lock_order::Stage,
};

/// Locks channels until the end of the transaction, in the order of their ids. No-op on SQLite, which has one writer.
pub async fn lock(tx: &mut Tx, channels: Vec<ChannelId>) -> Result<()> {
    const POSTGRES: &str = "
        WITH r (id) AS ({rows})
        SELECT o.id
        FROM (SELECT r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT c.id FROM channels c WHERE c.id = k.id FOR UPDATE) o";
    if channels.is_empty() {
        return Ok(());
    }
    let rows: BTreeSet<(Uuid,)> = channels.into_iter().map(|id| (id.uuid(),)).collect();
    let rows = rows.into_iter().collect();
    Stage::Configuration.lock(tx, POSTGRES, rows).await
}

/// A business phone number. The secrets are sealed under the tenant's key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Channel {
    pub id: ChannelId,
    pub tenant_id: TenantId,
    pub provider: Provider,
    /// Meta's id of the number: the channel's `external_id` at its provider.
    pub phone_number_id: String,
    /// `None` where the provider has no such accounts.
    pub waba_id: Option<String>,
    pub display_phone_number: Option<String>,
    /// `None` where the provider has other credentials.
    pub access_token: Option<Vec<u8>>,
    pub app_secret: Option<Vec<u8>>,
    /// What a provider other than Meta needs, as JSON.
    pub(crate) credentials: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Messages per second, sent and received.
    pub throughput: Option<i64>,
    pub quality: Option<String>,
    /// Daily limit of the whole portfolio, in customers outside service windows: `TIER_2K` and so on.
    pub messaging_limit: Option<String>,
    pub checked_at: Option<DateTime<Utc>>,
    /// When the circuit breaker opened; `None` while it is closed.
    pub tripped_at: Option<DateTime<Utc>>,
    pub(crate) trip_code: Option<i64>,
    pub(crate) trip_reason: Option<String>,
    /// Meta's id of the portfolio that owns the account, once known.
    pub business_id: Option<String>,
    /// When the campaigns were paused.
    pub campaigns_paused_at: Option<DateTime<Utc>>,
    /// When it was removed; `None` while it is in use.
    pub archived_at: Option<DateTime<Utc>>,
}

impl Channel {
    /// Returns the portfolio of the daily limit. The account's id stands in while its owner is not known, the number's where there is no
    /// account.
    pub fn portfolio(&self) -> &str {
        let known = self.business_id.as_deref().or(self.waba_id.as_deref());
        known.unwrap_or(&self.phone_number_id)
    }
}

/// The secrets of a channel, sealed.
pub(crate) struct SealedSecrets {
    pub access_token: Option<Vec<u8>>,
    pub app_secret: Option<Vec<u8>>,
    pub credentials: Option<Vec<u8>>,
}

/// What Meta reports of a number.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberReport {
    pub throughput: Option<i64>,
    pub quality: Option<String>,
    pub messaging_limit: Option<String>,
    pub display_phone_number: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, provider, external_id AS phone_number_id, waba_id, display_phone_number, access_token, app_secret, credentials, \
             created_at, updated_at, throughput, quality, messaging_limit, checked_at, tripped_at, trip_code, trip_reason, \
             business_id, campaigns_paused_at, archived_at FROM channels ",
            $rest
        )
    };
}

/// Adds a channel, or updates the secrets and account of one the same tenant has, which is in use then. `None` if another tenant has the number.
pub(crate) async fn upsert(on: On<'_>, channel: &Channel, created_by: Actor) -> Result<Option<ChannelId>> {
    const SQL: &str = "
        INSERT INTO channels (id, tenant_id, external_id, waba_id, display_phone_number, access_token, app_secret,
            created_at, updated_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
        ON CONFLICT (provider, external_id) DO UPDATE
        SET waba_id = excluded.waba_id, access_token = excluded.access_token, app_secret = COALESCE(excluded.app_secret, channels.app_secret),
            display_phone_number = COALESCE(excluded.display_phone_number, channels.display_phone_number),
            business_id = CASE WHEN channels.waba_id = excluded.waba_id THEN channels.business_id END,
            archived_at = NULL, updated_at = excluded.updated_at
        WHERE channels.tenant_id = excluded.tenant_id
        RETURNING id";
    let c = channel.clone();
    let row = (
        c.id,
        c.tenant_id,
        c.phone_number_id,
        c.waba_id,
        c.display_phone_number,
        c.access_token,
        c.app_secret,
        c.updated_at,
        created_by.to_string(),
    );
    Ok(on.sql(SQL, row).opt::<(ChannelId,)>().await?.map(|(id,)| id))
}

pub async fn find(on: On<'_>, tenant: TenantId, id: ChannelId) -> Result<Option<Channel>> {
    const SQL: &str = select!("WHERE tenant_id = $1 AND id = $2");
    on.sql(SQL, (tenant, id)).opt().await
}

/// Finds the channel of a number, of whichever tenant: for the operator.
pub(crate) async fn find_by_number(on: On<'_>, phone_number_id: &str) -> Result<Option<Channel>> {
    const SQL: &str = select!("WHERE provider = 'meta' AND external_id = $1");
    on.sql(SQL, (phone_number_id.to_owned(),)).opt().await
}

/// Finds a channel of whichever tenant: for the operator.
pub(crate) async fn find_anywhere(on: On<'_>, id: ChannelId) -> Result<Option<Channel>> {
    const SQL: &str = select!("WHERE id = $1");
    on.sql(SQL, (id,)).opt().await
}

/// Takes a channel out of use, with another token in place of its own. Returns 0 if it is out of use already.
pub(crate) async fn archive(
    on: On<'_>,
    tenant: TenantId,
    id: ChannelId,
    access_token: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE channels SET archived_at = $4, updated_at = $4, access_token = $3
        WHERE tenant_id = $1 AND id = $2 AND archived_at IS NULL";
    on.sql(SQL, (tenant, id, access_token, now)).run().await
}

/// Lists the channels that are out of use.
pub(crate) async fn archived(on: On<'_>) -> Result<Vec<(TenantId, ChannelId)>> {
    const SQL: &str = "SELECT tenant_id, id FROM channels WHERE archived_at IS NOT NULL";
    on.sql(SQL, ()).all().await
}

/// Counts a tenant's channels of an account that are in use.
pub(crate) async fn count_of_account(on: On<'_>, tenant: TenantId, waba_id: &str) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM channels WHERE tenant_id = $1 AND waba_id = $2 AND archived_at IS NULL";
    let (count,): (i64,) = on.sql(SQL, (tenant, waba_id.to_owned())).one().await?;
    Ok(count)
}

pub(crate) async fn of_tenant(on: On<'_>, tenant: TenantId) -> Result<Vec<Channel>> {
    const SQL: &str = select!("WHERE tenant_id = $1 ORDER BY id");
    on.sql(SQL, (tenant,)).all().await
}

/// Lists a tenant's channels, the oldest first, starting after `after`.
pub async fn page(on: On<'_>, tenant: TenantId, after: Option<ChannelId>, limit: i64) -> Result<Vec<Channel>> {
    const SQL: &str = select!("WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let after = after.unwrap_or(ChannelId::from_uuid(Uuid::nil()));
    on.sql(SQL, (tenant, after, limit)).all().await
}

/// Lists every tenant's channels, for the directory.
pub(crate) async fn all(on: On<'_>) -> Result<Vec<Channel>> {
    const SQL: &str = select!("ORDER BY id");
    on.sql(SQL, ()).all().await
}

/// Returns a value that changes whenever a channel or a tenant's sending rules change.
pub async fn revision(on: On<'_>) -> Result<(i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>)> {
    const SQL: &str = "SELECT COUNT(*), MAX(updated_at), (SELECT MAX(updated_at) FROM tenants) FROM channels";
    on.sql(SQL, ()).one().await
}

pub(crate) async fn reseal(on: On<'_>, tenant: TenantId, id: ChannelId, sealed: SealedSecrets) -> Result<u64> {
    const SQL: &str = "
        UPDATE channels SET access_token = $3, app_secret = $4, credentials = $5 WHERE tenant_id = $1 AND id = $2";
    let args = (tenant, id, sealed.access_token, sealed.app_secret, sealed.credentials);
    on.sql(SQL, args).run().await
}

/// Stores what Meta reports of a number. Members that are `None` stay as they are.
pub(crate) async fn record_report(
    on: On<'_>,
    tenant: TenantId,
    id: ChannelId,
    seen: NumberReport,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE channels
        SET throughput = COALESCE($3, throughput), quality = COALESCE($4, quality),
            messaging_limit = COALESCE($5, messaging_limit), display_phone_number = COALESCE($6, display_phone_number),
            checked_at = $7, updated_at = $7
        WHERE tenant_id = $1 AND id = $2";
    let args = (
        tenant,
        id,
        seen.throughput,
        seen.quality,
        seen.messaging_limit,
        seen.display_phone_number,
        now,
    );
    on.sql(SQL, args).run().await
}

/// Opens a channel's circuit breaker. Returns its tenant, or `None` if it was open already.
pub async fn trip(on: On<'_>, id: ChannelId, code: i64, reason: &str, now: DateTime<Utc>) -> Result<Option<TenantId>> {
    const SQL: &str = "
        UPDATE channels SET tripped_at = $2, trip_code = $3, trip_reason = $4, updated_at = $2
        WHERE id = $1 AND tripped_at IS NULL
        RETURNING tenant_id";
    let found: Option<(TenantId,)> = on.sql(SQL, (id, now, code, reason.to_owned())).opt().await?;
    Ok(found.map(|(tenant,)| tenant))
}

/// Closes the circuit breaker of a channel unless it opened after `as_of`. Returns 1 if it was open.
pub async fn recover(
    on: On<'_>,
    tenant: TenantId,
    id: ChannelId,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE channels SET tripped_at = NULL, trip_code = NULL, trip_reason = NULL, updated_at = $4
        WHERE tenant_id = $1 AND id = $2 AND tripped_at <= $3";
    on.sql(SQL, (tenant, id, as_of, now)).run().await
}

/// Stores the portfolio that owns an account. Returns the number of the tenant's channels changed.
pub(crate) async fn set_owner(
    on: On<'_>,
    tenant: TenantId,
    waba_id: &str,
    business_id: &str,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE channels SET business_id = $3, updated_at = $4
        WHERE tenant_id = $1 AND waba_id = $2 AND (business_id IS NULL OR business_id <> $3)";
    let args = (tenant, waba_id.to_owned(), business_id.to_owned(), now);
    on.sql(SQL, args).run().await
}

/// Stores a number's throughput in messages per second.
pub(crate) async fn set_throughput(
    on: On<'_>,
    tenant: TenantId,
    id: ChannelId,
    per_second: i64,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "UPDATE channels SET throughput = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, per_second, now)).run().await
}

/// Pauses the campaigns of a channel. Returns whether they were running.
pub(crate) async fn pause_campaigns(
    on: On<'_>,
    tenant: TenantId,
    id: ChannelId,
    code: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE channels SET campaigns_paused_at = $4, campaigns_pause_code = $3, updated_at = $4
        WHERE tenant_id = $1 AND id = $2 AND campaigns_paused_at IS NULL";
    Ok(on.sql(SQL, (tenant, id, code, now)).run().await? > 0)
}

/// Resumes the campaigns of a channel. Returns whether they were paused.
pub async fn resume_campaigns(on: On<'_>, tenant: TenantId, id: ChannelId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "
        UPDATE channels SET campaigns_paused_at = NULL, campaigns_pause_code = NULL, updated_at = $3
        WHERE tenant_id = $1 AND id = $2 AND campaigns_paused_at IS NOT NULL";
    Ok(on.sql(SQL, (tenant, id, now)).run().await? > 0)
}
