//! Group commit of attempt results: one transaction for all that are waiting. While one commits, the next batch gathers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    db::{self, BatchReceiver, Submission, Tx, is_unavailable, submit, write_together},
    domain::{DeliveryState, EndpointId},
    events::endpoint::{DISABLED, EndpointTrouble, FAILING},
    queue::counts,
    records::events::{self, NewEvent},
    webhooks::{
        WebhookService,
        store::{
            deliveries::{self, AttemptConclusion},
            endpoints::{self, ENDPOINT_JOBS, EndpointHealth},
        },
    },
};

/// Maximum number of results in one commit.
const MAX_BATCH: usize = 256;
/// Maximum number of waiting results.
const MAX_WAITING: usize = 4_096;
/// Reason given in the warning to the owner.
const WARNING: &str = "nothing but failures for half the time after which it is disabled";

/// The result of an attempt, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct AttemptReport {
    pub ended: AttemptConclusion,
    /// The conversation whose later deliveries waited for this one and need not any more.
    pub freed: Option<Uuid>,
    /// The endpoint's new health, if it is worth storing, and the revision that it is based on.
    pub health: Option<(i64, EndpointHealth)>,
    /// What to report to the endpoint's owner or the operator.
    pub notice: Option<EndpointNotice>,
}

/// A change of an endpoint's state that is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndpointNotice {
    /// The breaker has opened.
    Tripped,
    /// Half of the time until it is disabled has passed. Only the host of its URL is reported: the rest may hold secrets.
    Failing { host: String },
    /// It was disabled for this reason.
    Disabled { host: String, reason: &'static str },
}

/// Whether a result was stored. A delivery whose result was not is attempted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WriteOutcome {
    Yes,
    /// The database works, but rejected this result.
    Refused,
    /// The database is unavailable.
    Lost,
}

/// The endpoints whose health was stored, and those that were disabled. Endpoints that a person had changed meanwhile are in neither.
struct UpdatedEndpoints {
    noted: Vec<EndpointId>,
    disabled: Vec<EndpointId>,
}

type Waiting = Submission<AttemptReport, WriteOutcome>;

/// The handle that sends results to the committer.
pub(crate) struct ResultWriter(mpsc::Sender<Waiting>);

/// The background task that commits results in batches.
pub(crate) struct ResultCommitter {
    with: WebhookService,
    from: BatchReceiver<Waiting>,
}

impl ResultWriter {
    pub fn new(with: &WebhookService) -> (Self, ResultCommitter) {
        let (to, from) = mpsc::channel(MAX_WAITING);
        let committer = ResultCommitter {
            with: with.clone(),
            from: BatchReceiver::new(MAX_BATCH, from),
        };
        (Self(to), committer)
    }

    /// Stores a result; returns once it is committed, or cannot be.
    pub async fn write(&self, result: AttemptReport) -> WriteOutcome {
        submit(&self.0, result).await.unwrap_or(WriteOutcome::Lost)
    }
}

impl ResultCommitter {
    pub async fn run(mut self, done: &CancellationToken) {
        while let Some(batch) = self.from.next(done).await {
            let (results, replies): (Vec<AttemptReport>, Vec<_>) = batch.into_iter().unzip();
            metrics::histogram!("mainstay_delivery_batch_size").record(results.len() as f64);
            let written = write_together(&results, |results| self.write(results), failed).await;
            for (written, reply) in written.into_iter().zip(replies) {
                // A worker that was stopped has dropped its receiver.
                let _ = reply.send(written);
            }
        }
    }

    async fn write(&self, results: &[AttemptReport]) -> db::Result<Vec<WriteOutcome>> {
        let now = self.with.clock.now();
        let write = async |tx: &mut Tx| self.write_in(tx, results, now).await;
        let changed = self.with.db.transaction(write).await?;
        log(results, &changed);
        Ok(vec![WriteOutcome::Yes; results.len()])
    }

    async fn write_in(
        &self,
        tx: &mut Tx,
        results: &[AttemptReport],
        now: DateTime<Utc>,
    ) -> db::Result<UpdatedEndpoints> {
        let ended: Vec<AttemptConclusion> = results.iter().map(|it| it.ended.clone()).collect();
        deliveries::conclude(tx, &ended).await?;
        let freed = |it: &AttemptReport| Some((it.ended.endpoint, it.freed?));
        let freed: Vec<_> = results.iter().filter_map(freed).collect();
        deliveries::release_conversations(tx.on(), &freed, now).await?;
        // Of several results of one endpoint, the last one counts.
        let mut healths = BTreeMap::new();
        let mut failed = BTreeMap::new();
        for it in results {
            if let Some((revision, health)) = &it.health {
                healths.insert(it.ended.endpoint, (it.ended.endpoint, *revision, health.clone()));
                if let Some(EndpointNotice::Disabled { reason, .. }) = &it.notice {
                    failed.insert(it.ended.endpoint, (it.ended.endpoint, *revision, (*reason).to_owned()));
                }
            }
        }
        let healths: Vec<_> = healths.into_values().collect();
        let failed: Vec<_> = failed.into_values().collect();
        let changed = UpdatedEndpoints {
            noted: endpoints::update_health(tx.on(), &healths).await?,
            disabled: endpoints::disable_failed(tx.on(), &failed, now).await?,
        };
        let succeeded = results
            .iter()
            .filter(|it| it.ended.state == DeliveryState::Done)
            .count();
        let (succeeded, all) = (succeeded as i64, results.len() as i64);
        let events = self.events(results, &changed, now);
        events::append(tx, &events, now).await?;
        counts::add(tx.on(), &ENDPOINT_JOBS, now, succeeded, all - succeeded).await?;
        Ok(changed)
    }

    /// Builds the events for the owners of endpoints.
    fn events(&self, results: &[AttemptReport], changed: &UpdatedEndpoints, now: DateTime<Utc>) -> Vec<NewEvent> {
        let mut events = Vec::new();
        let mut ended: Vec<EndpointId> = Vec::new();
        for it in results {
            let endpoint = it.ended.endpoint;
            let (kind, host, reason) = match &it.notice {
                Some(EndpointNotice::Failing { host }) if changed.noted.contains(&endpoint) => {
                    (&FAILING, host, WARNING)
                }
                Some(EndpointNotice::Disabled { host, reason })
                    if changed.disabled.contains(&endpoint) && !ended.contains(&endpoint) =>
                {
                    ended.push(endpoint);
                    (&DISABLED, host, *reason)
                }
                _ => continue,
            };
            let health = it.health.as_ref().map(|(_, health)| health);
            let data = EndpointTrouble {
                endpoint_id: endpoint,
                host,
                since: health.and_then(|it| it.failing_since),
                reason,
                last_error: it.ended.error.as_deref(),
            };
            events.push(NewEvent::new(&self.with.clock, it.ended.tenant, kind, now, &data));
        }
        events
    }
}

fn failed(error: &sqlx::Error, results: &[AttemptReport]) -> Vec<WriteOutcome> {
    tracing::error!(%error, attempts = results.len(), "delivery attempts could not be stored; they are repeated");
    let why = if is_unavailable(error) {
        WriteOutcome::Lost
    } else {
        WriteOutcome::Refused
    };
    vec![why; results.len()]
}

/// Logs changes after the commit. URLs and errors belong to the tenant and may hold secrets, so they are not logged.
fn log(results: &[AttemptReport], changed: &UpdatedEndpoints) {
    for it in results {
        let (tenant, endpoint) = (it.ended.tenant, it.ended.endpoint);
        match it.notice.as_ref().filter(|_| changed.noted.contains(&endpoint)) {
            Some(EndpointNotice::Failing { .. }) => {
                tracing::warn!(tenant.id = %tenant, endpoint.id = %endpoint, "an endpoint has failed for half of the time after which it is disabled");
            }
            Some(EndpointNotice::Tripped) => {
                metrics::counter!("mainstay_endpoints_tripped_total").increment(1);
                tracing::warn!(tenant.id = %tenant, endpoint.id = %endpoint, "an endpoint's circuit breaker has opened; it is probed from time to time");
            }
            Some(EndpointNotice::Disabled { .. }) | None => {}
        }
        if it.ended.state == DeliveryState::Dead {
            metrics::counter!("mainstay_deliveries_dead_total").increment(1);
        }
    }
    for endpoint in &changed.disabled {
        metrics::counter!("mainstay_endpoints_disabled_total").increment(1);
        tracing::warn!(endpoint.id = %endpoint, "an endpoint was disabled after continuous failures; nothing is sent until its owner enables it");
    }
}
