//! Sends held for a daily limit.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{HoldReason, TenantId},
    records::portfolios::PortfolioKey,
};

/// Makes up to `count` sends due that are held for the daily limit of a portfolio, of one tenant or all, most urgent lane first. They
/// stay marked as `called` until their attempt begins or they are held again.
pub(crate) async fn release_for_limit(
    on: On<'_>,
    tenant: Option<TenantId>,
    portfolio: &str,
    count: i64,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET held = 'called', due_at = CASE WHEN due_at > $4 THEN $4 ELSE due_at END
        WHERE id IN (
            SELECT s.id
            FROM sends s
            JOIN channels c ON c.id = s.channel_id
            WHERE s.held = 'daily_limit' AND s.state = 'pending' AND c.tenant_id = COALESCE($1, c.tenant_id)
                AND COALESCE(c.business_id, c.waba_id, c.external_id) = $2
            ORDER BY s.lane, s.id
            LIMIT $3)";
    on.sql(SQL, (tenant, portfolio.to_owned(), count, now)).run().await
}

/// Counts the sends held for the daily limit of a portfolio, of one tenant or all.
pub(crate) async fn count_waiting_for_limit(on: On<'_>, tenant: Option<TenantId>, portfolio: &str) -> Result<i64> {
    count(on, HoldReason::DailyLimit, tenant, portfolio).await
}

/// Counts the released sends whose recipients are not counted yet.
pub(crate) async fn count_released(on: On<'_>, portfolio: &str) -> Result<i64> {
    count(on, HoldReason::Released, None, portfolio).await
}

async fn count(on: On<'_>, held: HoldReason, tenant: Option<TenantId>, portfolio: &str) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM sends s
        JOIN channels c ON c.id = s.channel_id
        WHERE s.held = $1 AND (s.state = 'pending' OR s.held = 'called' AND s.state = 'running')
            AND c.tenant_id = COALESCE($2, c.tenant_id) AND COALESCE(c.business_id, c.waba_id, c.external_id) = $3";
    let args = (held, tenant, portfolio.to_owned());
    let (count,): (i64,) = on.sql(SQL, args).one().await?;
    Ok(count)
}

/// Returns the portfolios that sends are held for, with the tenants of the sends.
pub(crate) async fn waiting_portfolios(on: On<'_>) -> Result<Vec<PortfolioKey>> {
    const SQL: &str = "
        SELECT DISTINCT COALESCE(c.business_id, c.waba_id, c.external_id) AS portfolio, c.tenant_id AS tenant
        FROM channels c
        WHERE EXISTS (SELECT 1 FROM sends s WHERE s.held = 'daily_limit' AND s.channel_id = c.id AND s.state = 'pending')";
    on.sql(SQL, ()).all().await
}
