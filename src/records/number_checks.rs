//! What is known of numbers, for as long as it counts. A number that may be written in two ways is here once: see [`key`].

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{Id, NumberVerdict, TenantId},
    phone,
    records::lock_order::Stage,
};

/// What is known of a number.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct NumberCheck {
    /// See [`key`].
    pub number: String,
    pub verdict: NumberVerdict,
    /// 1: syntax and numbering plan. 2: what became of messages.
    pub tier: i64,
    /// A word for what the verdict rests on.
    pub evidence: String,
    /// When that was; `None` for a numbering plan.
    pub evidence_at: Option<DateTime<Utc>>,
    pub checked_at: DateTime<Utc>,
}

/// Returns the key of a number: the least of the ways to write it.
pub(crate) fn key(digits: &str) -> String {
    let least = phone::variants(digits).min().filter(|other| other.as_str() < digits);
    least.unwrap_or_else(|| digits.to_owned())
}

/// Finds what was found out about these keys at `since` or later.
pub(crate) async fn find(
    on: On<'_>,
    tenant: TenantId,
    keys: &[String],
    since: DateTime<Utc>,
) -> Result<Vec<NumberCheck>> {
    const SQL: &str = "
        WITH r (tenant_id, number, since) AS ({rows})
        SELECT c.number, c.verdict, c.tier, c.evidence, c.evidence_at, c.checked_at
        FROM r CROSS JOIN number_checks c
        WHERE c.tenant_id = r.tenant_id AND c.number = r.number AND c.checked_at >= r.since";
    let row = |key: &String| (tenant.uuid(), key.clone(), since);
    Rows::new(SQL, keys.iter().map(row).collect()).all(on).await
}

/// Stores what was found out. What was found out later stays.
pub(crate) async fn put(tx: &mut Tx, tenant: TenantId, mut checks: Vec<NumberCheck>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, number, verdict, tier, evidence, evidence_at, checked_at) AS ({rows})
        INSERT INTO number_checks (tenant_id, number, verdict, tier, evidence, evidence_at, checked_at)
        SELECT tenant_id, number, verdict, tier, evidence, evidence_at, checked_at FROM r
        WHERE true
        ON CONFLICT (tenant_id, number) DO UPDATE SET verdict = excluded.verdict, tier = excluded.tier, evidence = excluded.evidence,
            evidence_at = excluded.evidence_at, checked_at = excluded.checked_at
        WHERE number_checks.checked_at <= excluded.checked_at";
    Stage::NumberChecks.reach(tx);
    checks.sort_by(|a, b| a.number.cmp(&b.number));
    checks.dedup_by(|a, b| a.number == b.number);
    let row = |it: NumberCheck| {
        let verdict = it.verdict.as_str().to_owned();
        (
            tenant.uuid(),
            it.number,
            verdict,
            it.tier,
            it.evidence,
            it.evidence_at,
            it.checked_at,
        )
    };
    Rows::new(SQL, checks.into_iter().map(row).collect()).run(tx.on()).await
}

/// Removes what was found out before a time, up to `limit` at once.
pub(crate) async fn expire(on: On<'_>, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM number_checks WHERE (tenant_id, number) IN (
            SELECT tenant_id, number FROM number_checks WHERE checked_at < $1 ORDER BY checked_at LIMIT $2)";
    on.sql(SQL, (before, limit)).run().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_write_a_number_have_one_key() {
        for (one, other) in [("5511987654321", "551187654321"), ("5491155550101", "541155550101")] {
            assert_eq!(key(one), key(other));
        }
        assert_eq!(key("4915123456789"), "4915123456789");
    }
}
