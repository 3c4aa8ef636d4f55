//! The writing of what came of requests: one commit for all that is waiting. While one commit runs, the next batch gathers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    db::{self, Asked, Batches, Tx, ask, is_unavailable, write_together},
    domain::{DeliveryState, EndpointId},
    events::endpoint::{DISABLED, FAILING, Troubled},
    queue::counts,
    records::events::{self, NewEvent},
    webhooks::{
        WebhookService,
        store::{
            deliveries::{self, Ended},
            endpoints::{self, LINES, Standing},
        },
    },
};

/// The most of one commit, and those that may wait for it.
const TOGETHER: usize = 256;
const WAITING: usize = 4_096;
/// Why an owner is warned.
const WARNING: &str = "nothing but failures for half the time after which it is disabled";

/// What is to be written of an attempt.
#[derive(Clone, Debug)]
pub struct Result {
    pub ended: Ended,
    /// The conversation in which it kept others waiting that it does not any more.
    pub freed: Option<Uuid>,
    /// How the endpoint stands after it, if that is worth writing, and the revision it was known at.
    pub standing: Option<(i64, Standing)>,
    /// What the endpoint's owner or the operator is to know.
    pub news: Option<News>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The breaker has opened.
    Tripped,
    /// Half the time is over after which it is disabled. The host of its address goes along: the rest may hold secrets.
    Failing { host: String },
    /// Nothing is sent there any more, for that reason.
    Disabled { host: String, reason: &'static str },
}

/// Whether it was written. What was not is delivered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    Yes,
    /// The database takes others, but not this one.
    Refused,
    /// The database is away.
    Lost,
}

/// The endpoints whose standing was written, and those that were disabled: no person had changed them meanwhile.
struct Changed {
    noted: Vec<EndpointId>,
    disabled: Vec<EndpointId>,
}

type Waiting = Asked<Result, Written>;

/// Hands results to the desk.
pub struct Results(mpsc::Sender<Waiting>);

pub struct Desk {
    with: WebhookService,
    from: Batches<Waiting>,
}

impl Results {
    pub fn new(with: &WebhookService) -> (Self, Desk) {
        let (to, from) = mpsc::channel(WAITING);
        let desk = Desk {
            with: with.clone(),
            from: Batches::of(TOGETHER, from),
        };
        (Self(to), desk)
    }

    /// Returns once it is written, or cannot be.
    pub async fn put(&self, result: Result) -> Written {
        ask(&self.0, result).await.unwrap_or(Written::Lost)
    }
}

impl Desk {
    pub async fn run(mut self, done: &CancellationToken) {
        while let Some(batch) = self.from.next(done).await {
            let (results, told): (Vec<Result>, Vec<_>) = batch.into_iter().unzip();
            metrics::histogram!("mainstay_delivery_batch_size").record(results.len() as f64);
            let written = write_together(&results, |results| self.write(results), failed).await;
            for (written, told) in written.into_iter().zip(told) {
                // A line that was stopped does not wait any more.
                let _ = told.send(written);
            }
        }
    }

    async fn write(&self, results: &[Result]) -> db::Result<Vec<Written>> {
        let now = self.with.clock.now();
        let write = async |tx: &mut Tx| self.write_in(tx, results, now).await;
        let changed = self.with.db.transaction(write).await?;
        log(results, &changed);
        Ok(vec![Written::Yes; results.len()])
    }

    async fn write_in(&self, tx: &mut Tx, results: &[Result], now: DateTime<Utc>) -> db::Result<Changed> {
        let ended: Vec<Ended> = results.iter().map(|it| it.ended.clone()).collect();
        deliveries::conclude(tx, &ended).await?;
        let freed = |it: &Result| Some((it.ended.endpoint, it.freed?));
        let freed: Vec<_> = results.iter().filter_map(freed).collect();
        deliveries::bring_on(&mut *tx, &freed, now).await?;
        // Of several of one endpoint, the last.
        let mut standings = BTreeMap::new();
        let mut failed = BTreeMap::new();
        for it in results {
            if let Some((revision, standing)) = &it.standing {
                standings.insert(it.ended.endpoint, (it.ended.endpoint, *revision, standing.clone()));
                if let Some(News::Disabled { reason, .. }) = &it.news {
                    failed.insert(it.ended.endpoint, (it.ended.endpoint, *revision, (*reason).to_owned()));
                }
            }
        }
        let standings: Vec<_> = standings.into_values().collect();
        let failed: Vec<_> = failed.into_values().collect();
        let changed = Changed {
            noted: endpoints::note_standings(&mut *tx, &standings).await?,
            disabled: endpoints::disable_failed(&mut *tx, &failed, now).await?,
        };
        let succeeded = results
            .iter()
            .filter(|it| it.ended.state == DeliveryState::Done)
            .count();
        let (succeeded, all) = (succeeded as i64, results.len() as i64);
        let told = self.events(results, &changed, now);
        events::append(tx, &told, now).await?;
        counts::add(tx, &LINES, now, succeeded, all - succeeded).await?;
        Ok(changed)
    }

    /// What the owners of endpoints are told.
    fn events(&self, results: &[Result], changed: &Changed, now: DateTime<Utc>) -> Vec<NewEvent> {
        let mut told = Vec::new();
        let mut ended: Vec<EndpointId> = Vec::new();
        for it in results {
            let endpoint = it.ended.endpoint;
            let (kind, host, reason) = match &it.news {
                Some(News::Failing { host }) if changed.noted.contains(&endpoint) => (&FAILING, host, WARNING),
                Some(News::Disabled { host, reason })
                    if changed.disabled.contains(&endpoint) && !ended.contains(&endpoint) =>
                {
                    ended.push(endpoint);
                    (&DISABLED, host, *reason)
                }
                _ => continue,
            };
            let standing = it.standing.as_ref().map(|(_, standing)| standing);
            let data = Troubled {
                endpoint_id: endpoint,
                host,
                since: standing.and_then(|it| it.failing_since),
                reason,
                last_error: it.ended.error.as_deref(),
            };
            told.push(NewEvent::new(&self.with.clock, it.ended.tenant, kind, now, &data));
        }
        told
    }
}

fn failed(error: &sqlx::Error, results: &[Result]) -> Vec<Written> {
    tracing::error!(%error, attempts = results.len(), "attempts to deliver could not be written; they are made again");
    let why = if is_unavailable(error) {
        Written::Lost
    } else {
        Written::Refused
    };
    vec![why; results.len()]
}

/// Once it is committed. URLs and errors are the tenant's, and may hold what is nobody's business.
fn log(results: &[Result], changed: &Changed) {
    for it in results {
        let (tenant, endpoint) = (it.ended.tenant, it.ended.endpoint);
        match it.news.as_ref().filter(|_| changed.noted.contains(&endpoint)) {
            Some(News::Failing { .. }) => {
                tracing::warn!(tenant.id = %tenant, endpoint.id = %endpoint, "an endpoint has failed for half the time after which it is disabled");
            }
            Some(News::Tripped) => {
                metrics::counter!("mainstay_endpoints_tripped_total").increment(1);
                tracing::warn!(tenant.id = %tenant, endpoint.id = %endpoint, "an endpoint's breaker has opened; it is tried now and then");
            }
            Some(News::Disabled { .. }) | None => {}
        }
        if it.ended.state == DeliveryState::Dead {
            metrics::counter!("mainstay_deliveries_dead_total").increment(1);
        }
    }
    for endpoint in &changed.disabled {
        metrics::counter!("mainstay_endpoints_disabled_total").increment(1);
        tracing::warn!(endpoint.id = %endpoint, "an endpoint was disabled: nothing is sent there until its owner enables it");
    }
}
