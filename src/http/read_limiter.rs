//! Limits the concurrent reads of each tenant: a tenant gets at most half of the read connections, and a bounded number of reads may wait.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use axum::http::StatusCode;

use super::problem::Problem;
use crate::{
    app::App,
    db::Tx,
    domain::TenantId,
    shares::{Permit, Shares},
};

/// Maximum number of waiting reads of one tenant; further ones are answered 429.
const MAX_WAITING: usize = 64;
/// Maximum wait for a connection; after it the read is answered 503.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The limiter of tenants' reads.
pub(crate) struct ReadLimiter(Shares<TenantId>);

impl ReadLimiter {
    /// Creates a limiter of `connections`, of which one tenant may use half.
    pub fn new(connections: u32) -> Self {
        let most = connections as usize;
        Self(Shares::with_share(
            most,
            most.div_ceil(2),
            "mainstay_reads_waited_total",
        ))
    }

    /// Begins a read transaction; on PostgreSQL row-level security hides all other tenants from it.
    pub async fn begin(&self, app: &App, tenant: TenantId) -> Result<ReadTransaction, Problem> {
        let began = Instant::now();
        let permit = tokio::time::timeout(MAX_WAIT, self.0.share(tenant).acquire_unless_waiting(MAX_WAITING)).await;
        metrics::histogram!("mainstay_read_wait_seconds").record(began.elapsed().as_secs_f64());
        let permit = permit
            .map_err(|_| refused("late", too_late()))?
            .ok_or_else(|| refused("full", too_many()))?;
        let tx = app.db.begin_read_as(tenant).await?;
        Ok(ReadTransaction(Some((tx, permit))))
    }
}

fn refused(why: &'static str, problem: Problem) -> Problem {
    metrics::counter!("mainstay_reads_refused_total", "reason" => why).increment(1);
    problem.retry_after(1)
}

fn too_many() -> Problem {
    let detail = format!(
        "{MAX_WAITING} requests of this tenant wait for the database already. Ask fewer at a time, and again after as long as Retry-After says."
    );
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-reads",
        "Too many concurrent requests",
        detail,
    )
}

fn too_late() -> Problem {
    let detail = format!(
        "The database did not come to this request within {} seconds. Ask again, and fewer at a time.",
        MAX_WAIT.as_secs()
    );
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Temporarily unavailable",
        detail,
    )
}

/// A read transaction that counts against its tenant's share until its connection is free again.
#[must_use = "a transaction that is not committed is rolled back"]
pub(crate) struct ReadTransaction(Option<(Tx, Permit)>);

/// Invariant: the transaction is there until it is committed or dropped.
const OPEN: &str = "a reading is open until it ends";

impl ReadTransaction {
    pub async fn commit(mut self) -> sqlx::Result<()> {
        let (tx, _permit) = self.0.take().expect(OPEN);
        tx.commit().await
    }
}

impl Drop for ReadTransaction {
    /// Rolls back in the background: a client that disconnects during a statement leaves the connection busy until the statement ends.
    fn drop(&mut self) {
        let Some((tx, permit)) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let ended = tx.rollback().await;
            drop(permit);
            if let Err(error) = ended {
                tracing::debug!(%error, "an abandoned read transaction was not rolled back");
            }
        });
    }
}

impl Deref for ReadTransaction {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0.as_ref().expect(OPEN).0
    }
}

impl DerefMut for ReadTransaction {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0.as_mut().expect(OPEN).0
    }
}
