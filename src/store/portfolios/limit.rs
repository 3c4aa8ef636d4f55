use crate::{
    db::{On, Result, Rows},
    domain::{DailyLimit, Id, TenantId},
};

/// A portfolio: Meta's id of it, or that of the account while the portfolio is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub tenant: TenantId,
    pub portfolio: String,
}

/// How a portfolio stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    pub tenant_id: TenantId,
    pub portfolio: String,
    daily_limit: Option<i64>,
    /// Its recipients, those that have ended and were not removed yet included.
    pub used: i64,
}

impl Standing {
    pub fn key(&self) -> Key {
        Key {
            tenant: self.tenant_id,
            portfolio: self.portfolio.clone(),
        }
    }

    /// `None` while Meta has not said.
    pub fn daily_limit(&self) -> Option<DailyLimit> {
        self.daily_limit.map(DailyLimit::of_number)
    }

    /// How many it may have; `None` where nothing is enforced.
    pub fn most(&self) -> Option<i64> {
        match self.daily_limit()? {
            DailyLimit::Customers(count) => Some(count),
            DailyLimit::Unlimited => None,
        }
    }
}

/// As they stand, held by nobody. A portfolio that never counted anybody has no row.
pub async fn standing(on: impl Into<On<'_>>, keys: &[Key]) -> Result<Vec<Standing>> {
    const SQL: &str = "
        WITH r (tenant_id, portfolio) AS ({rows})
        SELECT p.tenant_id, p.portfolio, p.daily_limit, p.used
        FROM r CROSS JOIN portfolios p
        WHERE p.tenant_id = r.tenant_id AND p.portfolio = r.portfolio";
    let row = |key: &Key| (key.tenant.uuid(), key.portfolio.clone());
    Rows::new(SQL, keys.iter().map(row).collect()).all(on).await
}

/// Changes how many are used, and holds the portfolios until the transaction ends; by 0 to hold them only. The keys come in order and
/// once each, or two transactions would wait for each other.
pub async fn add(on: impl Into<On<'_>>, changes: &[(Key, i64)]) -> Result<Vec<Standing>> {
    const SQL: &str = "
        WITH r (tenant_id, portfolio, change) AS ({rows})
        INSERT INTO portfolios (tenant_id, portfolio, used)
        SELECT tenant_id, portfolio, change FROM r
        WHERE true
        ON CONFLICT (tenant_id, portfolio) DO UPDATE SET used = portfolios.used + excluded.used
        RETURNING tenant_id, portfolio, daily_limit, used";
    debug_assert!(changes.is_sorted_by(|one, other| one.0 < other.0), "keys out of order");
    let row = |(key, change): &(Key, i64)| (key.tenant.uuid(), key.portfolio.clone(), *change);
    Rows::new(SQL, changes.iter().map(row).collect()).all(on).await
}

/// Keeps what Meta says of the limit, and holds the portfolio.
pub async fn set_limit(on: impl Into<On<'_>>, key: &Key, limit: DailyLimit) -> Result<Standing> {
    const SQL: &str = "
        INSERT INTO portfolios (tenant_id, portfolio, daily_limit, used) VALUES ($1, $2, $3, 0)
        ON CONFLICT (tenant_id, portfolio) DO UPDATE SET daily_limit = excluded.daily_limit
        RETURNING tenant_id, portfolio, daily_limit, used";
    let args = (key.tenant, key.portfolio.clone(), limit.number());
    on.into().sql(SQL, args).one().await
}

/// Gives everything of one portfolio to another: the account stood for it until its owner was known.
pub async fn adopt(on: impl Into<On<'_>>, from: &Key, into: &str) -> Result<()> {
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
        SET used = (SELECT COUNT(*) FROM portfolio_recipients r WHERE r.tenant_id = $1 AND r.portfolio = $3),
            daily_limit = COALESCE(daily_limit, (SELECT p.daily_limit FROM portfolios p WHERE p.tenant_id = $1 AND p.portfolio = $2))
        WHERE tenant_id = $1 AND portfolio = $3";
    const LEAVE: &str = "DELETE FROM portfolios WHERE tenant_id = $1 AND portfolio = $2";
    let mut on = on.into();
    let to = Key {
        tenant: from.tenant,
        portfolio: into.to_owned(),
    };
    let mut held = [(from.clone(), 0), (to, 0)];
    held.sort();
    add(on.again(), &held).await?;
    let pair = (from.tenant, from.portfolio.clone(), into.to_owned());
    let one = (from.tenant, from.portfolio.clone());
    on.again().sql(MOVE, pair.clone()).run().await?;
    on.again().sql(EMPTY, one.clone()).run().await?;
    on.again().sql(COUNT, pair).run().await?;
    on.sql(LEAVE, one).run().await.map(drop)
}

/// Every portfolio, for housekeeping.
pub async fn all(on: impl Into<On<'_>>) -> Result<Vec<Standing>> {
    const SQL: &str = "
        SELECT tenant_id, portfolio, daily_limit, used FROM portfolios ORDER BY tenant_id, portfolio";
    on.into().sql(SQL, ()).all().await
}
