//! The reads of tenants: each has a share of the connections, and so many may wait for theirs.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use axum::http::StatusCode;

use super::problem::Problem;
use crate::{
    app::App,
    db::{On, Tx},
    domain::{Id, TenantId},
    shares::{Permit, Shares},
};

/// Reads of one tenant that may wait; more are answered 429.
const WAITING: usize = 64;
/// How long one may wait; then it is answered 503.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Reads(Shares<TenantId>);

impl Reads {
    /// For so many connections, of which a tenant has half.
    pub fn new(connections: u32) -> Self {
        let most = connections as usize;
        Self(Shares::with_share(
            most,
            most.div_ceil(2),
            "mainstay_reads_waited_total",
        ))
    }

    /// A transaction to read in; on PostgreSQL the database itself hides all other tenants from it.
    pub async fn begin(&self, app: &App, tenant: TenantId) -> Result<Reading, Problem> {
        let began = Instant::now();
        let permit = tokio::time::timeout(PATIENCE, self.0.share(tenant).acquire_unless_waiting(WAITING)).await;
        metrics::histogram!("mainstay_read_wait_seconds").record(began.elapsed().as_secs_f64());
        let permit = permit
            .map_err(|_| refused("late", too_late()))?
            .ok_or_else(|| refused("full", too_many()))?;
        let tx = app.db.begin_as_tenant(tenant.uuid()).await?;
        Ok(Reading(Some((tx, permit))))
    }
}

fn refused(why: &'static str, problem: Problem) -> Problem {
    metrics::counter!("mainstay_reads_refused_total", "reason" => why).increment(1);
    problem.retry_after(1)
}

fn too_many() -> Problem {
    let detail = format!(
        "{WAITING} requests of this tenant wait for the database already. Ask fewer at a time, and again after as long as Retry-After says."
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
        PATIENCE.as_secs()
    );
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Temporarily unavailable",
        detail,
    )
}

/// A transaction to read in, which counts against its tenant's share until its connection is free again.
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Reading(Option<(Tx, Permit)>);

/// It is there until it is committed or dropped.
const OPEN: &str = "a reading is open until it ends";

impl Reading {
    pub async fn commit(mut self) -> sqlx::Result<()> {
        let (tx, _permit) = self.0.take().expect(OPEN);
        tx.commit().await
    }
}

impl Drop for Reading {
    /// Whoever asked may be gone in the middle of a statement, which holds the connection until it ends.
    fn drop(&mut self) {
        let Some((tx, permit)) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let ended = tx.rollback().await;
            drop(permit);
            if let Err(error) = ended {
                tracing::debug!(%error, "a read that was given up was not rolled back");
            }
        });
    }
}

impl Deref for Reading {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0.as_ref().expect(OPEN).0
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0.as_mut().expect(OPEN).0
    }
}

impl<'a> From<&'a mut Reading> for On<'a> {
    fn from(reading: &'a mut Reading) -> Self {
        On::from(&mut **reading)
    }
}
