use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{Id, NumberVerdict, TenantId, VerificationId},
    records::number_checks::{self, NumberCheck},
    verifications::judge::Judgement,
};

/// A number that is not checked yet.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OpenItem {
    pub n: i64,
    pub input: String,
    /// Digits with the country code; `None` for what is no number.
    pub number: Option<String>,
}

/// A number with what was found out about it.
#[derive(Clone, Debug)]
pub(crate) struct CheckedItem {
    pub item: OpenItem,
    pub verdict: NumberVerdict,
    tier: i64,
    evidence: String,
    evidence_at: Option<DateTime<Utc>>,
    checked_at: DateTime<Utc>,
    /// Whether it was found out before.
    pub is_known: bool,
}

impl CheckedItem {
    /// Returns a number with what was found out now.
    pub fn found(item: OpenItem, judgement: Judgement, now: DateTime<Utc>) -> Self {
        Self {
            item,
            verdict: judgement.verdict,
            tier: judgement.tier,
            evidence: judgement.evidence.to_owned(),
            evidence_at: judgement.at,
            checked_at: now,
            is_known: false,
        }
    }

    /// Returns a number with what was found out before.
    pub fn known(item: OpenItem, known: &NumberCheck) -> Self {
        Self {
            item,
            verdict: known.verdict,
            tier: known.tier,
            evidence: known.evidence.clone(),
            evidence_at: known.evidence_at,
            checked_at: known.checked_at,
            is_known: true,
        }
    }

    /// Returns what is kept of it for others that ask; `None` for what is no number.
    pub fn to_keep(&self) -> Option<NumberCheck> {
        Some(NumberCheck {
            number: number_checks::key(self.item.number.as_deref()?),
            verdict: self.verdict,
            tier: self.tier,
            evidence: self.evidence.clone(),
            evidence_at: self.evidence_at,
            checked_at: self.checked_at,
        })
    }
}

/// Inserts the numbers of a verification in order: as they were given, and as they are read.
pub(crate) async fn insert(
    on: On<'_>,
    tenant: TenantId,
    id: VerificationId,
    numbers: impl Iterator<Item = (String, Option<String>)>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, task_id, n, input, number) AS ({rows})
        INSERT INTO verification_items (tenant_id, task_id, n, input, number)
        SELECT tenant_id, task_id, n, input, number FROM r";
    let rows = (0..).zip(numbers);
    let rows = rows.map(|(n, (input, number))| (tenant.uuid(), id.uuid(), n, input, number));
    let rows: Vec<(Uuid, Uuid, i64, String, Option<String>)> = rows.collect();
    Rows::new(SQL, rows).run(on).await
}

/// Returns the next numbers of a verification.
pub(crate) async fn next(
    on: On<'_>,
    tenant: TenantId,
    id: VerificationId,
    from: i64,
    limit: i64,
) -> Result<Vec<OpenItem>> {
    const SQL: &str = "
        SELECT n, input, number FROM verification_items
        WHERE tenant_id = $1 AND task_id = $2 AND n >= $3 ORDER BY n LIMIT $4";
    on.sql(SQL, (tenant, id, from, limit)).all().await
}

/// Writes what was found out about numbers.
pub(crate) async fn write(on: On<'_>, tenant: TenantId, id: VerificationId, checked: &[CheckedItem]) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, task_id, n, verdict, tier, evidence, evidence_at, checked_at) AS ({rows})
        UPDATE verification_items SET verdict = r.verdict, tier = r.tier, evidence = r.evidence, evidence_at = r.evidence_at,
            checked_at = r.checked_at
        FROM r
        WHERE verification_items.tenant_id = r.tenant_id AND verification_items.task_id = r.task_id AND verification_items.n = r.n";
    let row = |it: &CheckedItem| {
        let verdict = it.verdict.as_str().to_owned();
        let of = (it.tier, it.evidence.clone(), it.evidence_at, it.checked_at);
        (tenant.uuid(), id.uuid(), it.item.n, verdict, of.0, of.1, of.2, of.3)
    };
    Rows::new(SQL, checked.iter().map(row).collect()).run(on).await
}

/// A number of a verification, as it is shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct VerificationItem {
    pub n: i64,
    pub input: String,
    pub number: Option<String>,
    /// `None` until it is checked, as what follows.
    pub verdict: Option<NumberVerdict>,
    pub tier: Option<i64>,
    pub evidence: Option<String>,
    pub evidence_at: Option<DateTime<Utc>>,
    pub checked_at: Option<DateTime<Utc>>,
}

macro_rules! shown {
    ($condition:literal, $limit:literal) => {
        concat!(
            "SELECT n, input, number, verdict, tier, evidence, evidence_at, checked_at FROM verification_items
            WHERE tenant_id = $1 AND task_id = $2 AND n > $3 ",
            $condition,
            " ORDER BY n LIMIT ",
            $limit
        )
    };
}

/// Lists numbers of a verification in order, after one.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    id: VerificationId,
    after: i64,
    limit: i64,
) -> Result<Vec<VerificationItem>> {
    const SQL: &str = shown!("", "$4");
    on.sql(SQL, (tenant, id, after, limit)).all().await
}

/// Lists numbers of a verification with this verdict in order, after one.
pub(crate) async fn list_of(
    on: On<'_>,
    tenant: TenantId,
    id: VerificationId,
    verdict: NumberVerdict,
    after: i64,
    limit: i64,
) -> Result<Vec<VerificationItem>> {
    const SQL: &str = shown!("AND verdict = $4", "$5");
    on.sql(SQL, (tenant, id, after, verdict, limit)).all().await
}

/// Removes numbers of a verification, some at a time, and returns how many.
pub(crate) async fn remove(on: On<'_>, tenant: TenantId, id: Uuid, limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM verification_items WHERE tenant_id = $1 AND task_id = $2 AND n IN (
            SELECT n FROM verification_items WHERE tenant_id = $1 AND task_id = $2 ORDER BY n LIMIT $3)";
    on.sql(SQL, (tenant, id, limit)).run().await
}
