//! Customers counted against daily limits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::PortfolioKey;
use crate::{
    db::{On, Result, Rows},
    domain::{AttemptId, ContactId, Id, TenantId},
};

/// A customer to count.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub key: PortfolioKey,
    pub contact: ContactId,
    /// The first attempt.
    pub attempt: AttemptId,
    /// Number of sends to this customer.
    pub sends: i64,
}

/// A customer that was counted.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Counted {
    pub tenant_id: TenantId,
    pub portfolio: String,
    pub contact_id: ContactId,
    /// Equals the number given if the customer was not counted before.
    pub sends: i64,
}

/// Counts customers, or renews the time of those already counted. Each may occur once. The caller holds the portfolios' locks.
pub async fn count(on: On<'_>, recipients: &[Recipient], now: DateTime<Utc>) -> Result<Vec<Counted>> {
    const SQL: &str = "
        WITH r (contact_id, portfolio, tenant_id, attempt_id, sends, at) AS ({rows})
        INSERT INTO portfolio_recipients (contact_id, portfolio, tenant_id, attempt_id, sends, last_at)
        SELECT contact_id, portfolio, tenant_id, attempt_id, sends, at FROM r
        WHERE true
        ON CONFLICT (contact_id, portfolio, tenant_id) DO UPDATE
        SET sends = portfolio_recipients.sends + excluded.sends, last_at = excluded.last_at
        RETURNING tenant_id, portfolio, contact_id, sends";
    let row = |it: &Recipient| {
        let (tenant, portfolio) = (it.key.tenant.uuid(), it.key.portfolio.clone());
        (it.contact.uuid(), portfolio, tenant, it.attempt.uuid(), it.sends, now)
    };
    Rows::new(SQL, recipients.iter().map(row).collect()).all(on).await
}

/// Returns the customers that are already counted.
pub async fn counted(on: On<'_>, portfolio: &str, customers: &[(TenantId, ContactId)]) -> Result<Vec<(ContactId,)>> {
    const SQL: &str = "
        WITH r (contact_id, portfolio, tenant_id) AS ({rows})
        SELECT p.contact_id
        FROM r CROSS JOIN portfolio_recipients p
        WHERE p.contact_id = r.contact_id AND p.portfolio = r.portfolio AND p.tenant_id = r.tenant_id";
    let row = |(tenant, contact): &(TenantId, ContactId)| (contact.uuid(), portfolio.to_owned(), tenant.uuid());
    Rows::new(SQL, customers.iter().map(row).collect()).all(on).await
}

/// Removes customers counted for a single attempt that Meta rejected. The caller holds the portfolios' locks.
pub async fn remove_refused(
    on: On<'_>,
    refused: &[(PortfolioKey, ContactId, AttemptId)],
) -> Result<Vec<(TenantId, String)>> {
    const SQL: &str = "
        WITH r (contact_id, portfolio, tenant_id, attempt_id) AS ({rows})
        DELETE FROM portfolio_recipients
        WHERE sends = 1 AND (contact_id, portfolio, tenant_id, attempt_id) IN
            (SELECT contact_id, portfolio, tenant_id, attempt_id FROM r)
        RETURNING tenant_id, portfolio";
    let row = |(key, contact, attempt): &(PortfolioKey, ContactId, AttemptId)| {
        (contact.uuid(), key.portfolio.clone(), key.tenant.uuid(), attempt.uuid())
    };
    Rows::new(SQL, refused.iter().map(row).collect()).all(on).await
}

/// Removes up to `limit` customers of any tenant last written to by `before`. Returns the number per tenant. The caller holds
/// the portfolio's lock.
pub async fn remove_expired(
    on: On<'_>,
    portfolio: &str,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<BTreeMap<PortfolioKey, i64>> {
    const SQL: &str = "
        DELETE FROM portfolio_recipients
        WHERE portfolio = $1 AND last_at <= $2 AND contact_id IN (
            SELECT contact_id FROM portfolio_recipients
            WHERE portfolio = $1 AND last_at <= $2
            ORDER BY last_at, contact_id LIMIT $3)
        RETURNING tenant_id";
    let gone: Vec<(TenantId,)> = on.sql(SQL, (portfolio.to_owned(), before, limit)).all().await?;
    let mut counts = BTreeMap::new();
    for (tenant,) in gone {
        let portfolio = portfolio.to_owned();
        *counts.entry(PortfolioKey { portfolio, tenant }).or_default() += 1;
    }
    Ok(counts)
}

/// Lists the times at which customers were last written to, the first to expire first, starting at offset `from`.
pub async fn last_sends(on: On<'_>, portfolio: &str, from: i64, limit: i64) -> Result<Vec<(DateTime<Utc>,)>> {
    const SQL: &str = "
        SELECT last_at FROM portfolio_recipients
        WHERE portfolio = $1
        ORDER BY last_at, contact_id LIMIT $3 OFFSET $2";
    on.sql(SQL, (portfolio.to_owned(), from, limit)).all().await
}

/// Counts customers last written to by `before` that are not removed yet.
pub async fn count_expired(on: On<'_>, portfolio: &str, before: DateTime<Utc>) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM portfolio_recipients WHERE portfolio = $1 AND last_at <= $2";
    let (count,): (i64,) = on.sql(SQL, (portfolio.to_owned(), before)).one().await?;
    Ok(count)
}
