//! `mainstay endpoint test`.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;

use super::{CommandOutput, EndpointArg, OperatorContext};
use crate::{
    domain::{DeliveryId, DeliveryState},
    webhooks::store::deliveries,
};

/// Interval at which the outcome of a test is looked for.
const POLL: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(crate) struct TestEndpoint {
    #[command(flatten)]
    endpoint: EndpointArg,
    /// Seconds to wait until a worker has tried it; 0 does not wait.
    #[arg(long, value_name = "SECONDS", default_value = "20")]
    wait: u64,
}

#[derive(Serialize)]
struct Tested {
    delivery_id: DeliveryId,
    /// `pending` while no attempt succeeded.
    state: DeliveryState,
    attempts: i64,
    last_status: Option<i64>,
    last_error: Option<String>,
}

impl TestEndpoint {
    pub(super) async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let tested = self.wait_for_answer(operator).await?;
        let failed = tested.attempts > 0 && tested.state != DeliveryState::Done;
        Ok(CommandOutput::new(&tested)?.failed_if(failed))
    }

    async fn wait_for_answer(self, operator: &OperatorContext) -> anyhow::Result<Tested> {
        let ctx = self.endpoint.ctx(operator).await?;
        let delivery_id = operator.webhooks.test(&ctx, self.endpoint.id).await?;
        let deadline = Instant::now() + Duration::from_secs(self.wait);
        loop {
            let found = deliveries::find(operator.registry.db.reader(), ctx.tenant, delivery_id).await?;
            let found = found.with_context(|| format!("the delivery {delivery_id} is gone"))?;
            if found.attempts > 0 || Instant::now() >= deadline {
                return Ok(Tested {
                    delivery_id,
                    state: found.state,
                    attempts: found.attempts,
                    last_status: found.last_status,
                    last_error: found.last_error,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl fmt::Display for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.last_status.map(|status| format!(" {status}")).unwrap_or_default();
        let id = self.delivery_id;
        match (self.attempts, self.state) {
            (0, _) => write!(f, "{id} waits: see that a worker runs and that the queue is not paused"),
            (_, DeliveryState::Done) => write!(f, "{id} was delivered and answered{status}"),
            _ => {
                let error = self.last_error.as_deref().unwrap_or("no reason is known");
                write!(f, "{id} failed{status}: {error}; it is tried again")
            }
        }
    }
}
