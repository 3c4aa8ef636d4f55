use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{HoldReason, TenantId},
    records::portfolios::PortfolioKey,
};

/// Makes due as many as are given of those that wait for the daily limit of a portfolio, one tenant's or all, the most urgent first. They are
/// held as `called` until their attempt begins, or they are told to wait again.
pub async fn call(
    on: impl Into<On<'_>>,
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
                AND COALESCE(c.business_id, c.waba_id) = $2
            ORDER BY s.lane, s.id
            LIMIT $3)";
    on.into()
        .sql(SQL, (tenant, portfolio.to_owned(), count, now))
        .run()
        .await
}

/// How many messages of a portfolio, one tenant's or all, wait for its daily limit.
pub async fn waiting_for_limit(on: impl Into<On<'_>>, tenant: Option<TenantId>, portfolio: &str) -> Result<i64> {
    count(on, HoldReason::DailyLimit, tenant, portfolio).await
}

/// How many were called, and are still on their way to be counted.
pub async fn called(on: impl Into<On<'_>>, portfolio: &str) -> Result<i64> {
    count(on, HoldReason::Released, None, portfolio).await
}

async fn count(on: impl Into<On<'_>>, held: HoldReason, tenant: Option<TenantId>, portfolio: &str) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*)
        FROM sends s
        JOIN channels c ON c.id = s.channel_id
        WHERE s.held = $1 AND (s.state = 'pending' OR s.held = 'called' AND s.state = 'running')
            AND c.tenant_id = COALESCE($2, c.tenant_id) AND COALESCE(c.business_id, c.waba_id) = $3";
    let args = (held, tenant, portfolio.to_owned());
    let (count,): (i64,) = on.into().sql(SQL, args).one().await?;
    Ok(count)
}

/// Portfolios that messages wait for, with the tenants whose they are.
pub async fn limited(on: impl Into<On<'_>>) -> Result<Vec<PortfolioKey>> {
    const SQL: &str = "
        SELECT DISTINCT COALESCE(c.business_id, c.waba_id) AS portfolio, c.tenant_id AS tenant
        FROM channels c
        WHERE EXISTS (SELECT 1 FROM sends s WHERE s.held = 'daily_limit' AND s.channel_id = c.id AND s.state = 'pending')";
    on.into().sql(SQL, ()).all().await
}
