//! Daily limits of portfolios.

use std::collections::BTreeMap;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{DailyLimit, Id, TenantId},
    records::lock_order::Stage,
};

/// Key of a tenant's row in a portfolio: Meta's portfolio id, or the account's id while the portfolio is not known. Its order is the lock
/// order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::FromRow)]
pub struct PortfolioKey {
    pub portfolio: String,
    pub tenant: TenantId,
}

/// A portfolio's limit and usage, as one of its tenants sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PortfolioUsage {
    pub tenant_id: TenantId,
    pub portfolio: String,
    daily_limit: Option<i64>,
    /// Number of counted customers of all tenants, including expired ones that are not removed yet.
    pub used: i64,
}

impl PortfolioUsage {
    pub fn key(&self) -> PortfolioKey {
        PortfolioKey {
            portfolio: self.portfolio.clone(),
            tenant: self.tenant_id,
        }
    }

    /// Returns the limit; `None` while Meta has not reported it.
    pub fn daily_limit(&self) -> Option<DailyLimit> {
        self.daily_limit.map(DailyLimit::of_number)
    }

    /// Returns the enforced maximum; `None` if nothing is enforced.
    pub fn most(&self) -> Option<i64> {
        match self.daily_limit()? {
            DailyLimit::Customers(count) => Some(count),
            DailyLimit::Unlimited => None,
        }
    }
}

/// Returns limit and usage of portfolios. Usage is the sum over all tenants; the limit is the tenant's own, or else the lowest that Meta
/// reported for another tenant. A portfolio that never counted a customer is missing.
pub async fn usage(on: On<'_>, keys: &[PortfolioKey]) -> Result<Vec<PortfolioUsage>> {
    const SQL: &str = "
        WITH r (tenant_id, portfolio) AS ({rows})
        SELECT r.tenant_id, r.portfolio, CAST(SUM(p.used) AS BIGINT) AS used,
            COALESCE(MAX(CASE WHEN p.tenant_id = r.tenant_id THEN COALESCE(p.own_limit, p.daily_limit) END),
                MIN(CASE WHEN p.daily_limit >= 0 THEN p.daily_limit END), MAX(p.daily_limit)) AS daily_limit
        FROM r CROSS JOIN portfolios p
        WHERE p.portfolio = r.portfolio
        GROUP BY r.tenant_id, r.portfolio";
    let row = |key: &PortfolioKey| (key.tenant.uuid(), key.portfolio.clone());
    Rows::new(SQL, keys.iter().map(row).collect()).all(on).await
}

/// Locks every tenant's rows of the portfolios until the end of the transaction. A row that another tenant inserts is seen by the next
/// holder of the lock, if it reads after locking. No-op on SQLite, which has one writer.
pub async fn lock(tx: &mut Tx, portfolios: impl IntoIterator<Item = &str>) -> Result<()> {
    const POSTGRES: &str = "
        WITH r (portfolio) AS ({rows}),
        k AS MATERIALIZED (
            SELECT p.portfolio, p.tenant_id FROM r JOIN portfolios p ON p.portfolio = r.portfolio
            ORDER BY p.portfolio COLLATE \"C\", p.tenant_id)
        SELECT o.tenant_id
        FROM k CROSS JOIN LATERAL (
            SELECT p.tenant_id FROM portfolios p WHERE p.tenant_id = k.tenant_id AND p.portfolio = k.portfolio FOR UPDATE) o";
    let rows = portfolios.into_iter().map(|it| (it.to_owned(),)).collect();
    Stage::Portfolios.lock(tx, POSTGRES, rows).await
}

/// Adds to the usage, and locks the rows until the end of the transaction; 0 only locks. Keys must be unique and in order, or
/// transactions deadlock.
pub async fn add(on: On<'_>, changes: &BTreeMap<PortfolioKey, i64>) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, portfolio, change) AS ({rows})
        INSERT INTO portfolios (tenant_id, portfolio, used)
        SELECT tenant_id, portfolio, change FROM r
        WHERE true
        ON CONFLICT (tenant_id, portfolio) DO UPDATE SET used = portfolios.used + excluded.used";
    let row = |(key, change): (&PortfolioKey, &i64)| (key.tenant.uuid(), key.portfolio.clone(), *change);
    Rows::new(SQL, changes.iter().map(row).collect())
        .run(on)
        .await
        .map(drop)
}

/// The tenants that a limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// All tenants of the portfolio: reported by Meta. Replaces the tenants' own limits.
    All,
    /// The key's tenant, which reported it. Meta's limit stays for the others.
    One,
}

/// Stores a limit. The caller holds the portfolio's lock.
pub async fn set_limit(mut on: On<'_>, key: &PortfolioKey, limit: DailyLimit, whom: LimitScope) -> Result<()> {
    const OWN: &str = "
        INSERT INTO portfolios (tenant_id, portfolio, own_limit, used) VALUES ($1, $2, $3, 0)
        ON CONFLICT (tenant_id, portfolio) DO UPDATE SET own_limit = excluded.own_limit";
    const ONE: &str = "
        INSERT INTO portfolios (tenant_id, portfolio, daily_limit, used) VALUES ($1, $2, $3, 0)
        ON CONFLICT (tenant_id, portfolio) DO UPDATE SET daily_limit = excluded.daily_limit, own_limit = NULL";
    const OTHERS: &str = "
        UPDATE portfolios SET daily_limit = $2, own_limit = NULL
        WHERE portfolio = $1 AND (daily_limit IS NULL OR daily_limit <> $2 OR own_limit IS NOT NULL)";
    let args = (key.tenant, key.portfolio.clone(), limit.number());
    if whom == LimitScope::One {
        return on.sql(OWN, args).run().await.map(drop);
    }
    on.reborrow().sql(ONE, args).run().await?;
    let args = (key.portfolio.clone(), limit.number());
    on.sql(OTHERS, args).run().await.map(drop)
}

/// Moves a tenant's rows to another portfolio: the account's id stood in until its owner was known.
pub(crate) async fn adopt(tx: &mut Tx, from: &PortfolioKey, into: &str) -> Result<()> {
    const MOVE: &str = "
        INSERT INTO portfolio_recipients (tenant_id, portfolio, contact_id, attempt_id, sends, last_at)
        SELECT tenant_id, $3, contact_id, attempt_id, sends, last_at FROM portfolio_recipients
        WHERE tenant_id = $1 AND portfolio = $2
        ON CONFLICT (contact_id, portfolio, tenant_id) DO UPDATE
        SET sends = portfolio_recipients.sends + excluded.sends,
            last_at = CASE WHEN excluded.last_at > portfolio_recipients.last_at
                THEN excluded.last_at ELSE portfolio_recipients.last_at END";
    const EMPTY: &str = "DELETE FROM portfolio_recipients WHERE tenant_id = $1 AND portfolio = $2";
    const COUNT: &str = "
        UPDATE portfolios
        SET used = (SELECT COUNT(*) FROM portfolio_recipients r WHERE r.tenant_id = $1 AND r.portfolio = $2)
        WHERE tenant_id = $1 AND portfolio = $2";
    // Used if Meta has reported no limit of the portfolio yet. The tenant's own limit is carried over.
    const CARRY: &str = "
        UPDATE portfolios
        SET daily_limit = (SELECT p.daily_limit FROM portfolios p WHERE p.tenant_id = $1 AND p.portfolio = $2),
            own_limit = COALESCE(own_limit,
                (SELECT p.own_limit FROM portfolios p WHERE p.tenant_id = $1 AND p.portfolio = $2))
        WHERE tenant_id = $1 AND portfolio = $3 AND NOT EXISTS (
            SELECT 1 FROM portfolios o WHERE o.portfolio = $3 AND o.daily_limit IS NOT NULL)";
    const LEAVE: &str = "DELETE FROM portfolios WHERE tenant_id = $1 AND portfolio = $2";
    let to = PortfolioKey {
        portfolio: into.to_owned(),
        tenant: from.tenant,
    };
    let mut both = [from.portfolio.as_str(), into];
    both.sort_unstable();
    lock(tx, both).await?;
    add(tx.on(), &BTreeMap::from([(from.clone(), 0), (to.clone(), 0)])).await?;
    let pair = (from.tenant, from.portfolio.clone(), into.to_owned());
    let one = (from.tenant, from.portfolio.clone());
    tx.sql(MOVE, pair.clone()).run().await?;
    tx.sql(EMPTY, one.clone()).run().await?;
    tx.sql(COUNT, (to.tenant, to.portfolio)).run().await?;
    tx.sql(CARRY, pair).run().await?;
    tx.sql(LEAVE, one).run().await.map(drop)
}

/// Lists every portfolio, for housekeeping.
pub async fn all(on: On<'_>) -> Result<Vec<(String,)>> {
    const SQL: &str = "SELECT DISTINCT portfolio FROM portfolios ORDER BY portfolio";
    on.sql(SQL, ()).all().await
}
