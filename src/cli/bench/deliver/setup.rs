//! The setup of the delivery benchmark.

use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        child::{Server, database_url},
        server,
    },
    Options,
    receiver::Receivers,
};
use crate::{
    clock::Clock,
    config::{Config, EgressPolicy},
    db::Db,
    domain::{Actor, Ctx, EventId, TenantId},
    egress::EgressClient,
    events::{EventType, contact, message},
    process::{self, Roles, RunningProcess},
    queue::Queues,
    records::{
        events::{self, NewEvent},
        tenants,
    },
    webhooks::{self, ENDPOINT_JOBS, NewEndpoint, WebhookService},
};

/// The event type that all endpoints subscribe to.
static COMMON: &EventType = &message::RECEIVED;
/// The event type that only the first endpoint subscribes to, and whose latency is measured.
pub(crate) static TIMED: &EventType = &contact::CREATED;
/// The receivers' network.
const NETWORK: &str = "127.0.0.0/8";

/// An installation with its endpoints, the dispatcher, and the producer of events.
pub(crate) struct DeliveryBench {
    pub receivers: Receivers,
    db: Db,
    clock: Clock,
    tenant: TenantId,
    deliverer: Deliverer,
    /// Wakes the dispatcher after commits of this process.
    waking: JoinSet<()>,
    over: CancellationToken,
}

enum Deliverer {
    Process(Box<Server>),
    /// On SQLite, as in production: producer and dispatcher are one process.
    Here(Box<RunningProcess>),
}

impl DeliveryBench {
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let mut config = server::config()?;
        config.database_url = database_url(&config.database_url, &options.data)?;
        config.egress = EgressPolicy {
            plain_http: true,
            networks: vec![NETWORK.parse()?],
        };
        let registry = server::prepare(&config).await?;
        let tenant = tenants::all(registry.db.writer()).await?[0].id;
        let receivers = Receivers::start(options.endpoints)?;
        let subscriptions = WebhookService {
            db: registry.db.clone(),
            clock: registry.clock.clone(),
            keyring: registry.keyring.clone(),
            egress: EgressClient::new(config.egress.clone())?,
        };
        for (n, address) in receivers.addresses.iter().enumerate() {
            let wanted: &[&EventType] = if n == 0 { &[COMMON, TIMED] } else { &[COMMON] };
            subscriptions
                .create(&Ctx::operator(tenant), endpoint(&address.to_string(), wanted))
                .await?;
        }
        let (mut waking, over) = (JoinSet::new(), CancellationToken::new());
        let (deliverer, db, clock) = if config.is_postgres() {
            let (db, clock) = (registry.db.clone(), registry.clock.clone());
            listen(&config, (&db, &clock), &mut waking, &over)?;
            (Deliverer::Process(Box::new(worker(&config).await?)), db, clock)
        } else {
            registry.db.close().await;
            let running = process::start(config, Roles::WORKER, Clock::default()).await?;
            let (db, clock) = (running.app.db.clone(), running.app.clock.clone());
            (Deliverer::Here(Box::new(running)), db, clock)
        };
        Ok(Self {
            receivers,
            db,
            clock,
            tenant,
            deliverer,
            waking,
            over,
        })
    }

    pub fn is_postgres(&self) -> bool {
        self.db.is_postgres()
    }

    /// Returns the peak memory of the worker, if it is a process of its own.
    pub(crate) fn memory_mb(&self) -> Option<f64> {
        match &self.deliverer {
            Deliverer::Process(server) => server.peak_memory_mb(),
            Deliverer::Here(_) => None,
        }
    }

    /// Commits `count` events of the common type in one transaction.
    pub(crate) async fn commit_events(&self, count: usize) -> anyhow::Result<()> {
        let events: Vec<NewEvent> = (0..count).map(|_| self.event(COMMON)).collect();
        self.commit(&events).await
    }

    /// Commits an event that one endpoint subscribes to, and returns its id.
    pub(crate) async fn commit_timed(&self) -> anyhow::Result<String> {
        let event = self.event(TIMED);
        self.commit(std::slice::from_ref(&event)).await?;
        Ok(event.id.to_string())
    }

    async fn commit(&self, events: &[NewEvent]) -> anyhow::Result<()> {
        let mut tx = self.db.begin().await?;
        events::append(&mut tx, events, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    fn event(&self, of: &EventType) -> NewEvent {
        let id: EventId = self.clock.new_id();
        NewEvent {
            tenant: self.tenant,
            id,
            actor: Actor::System,
            kind: of.name,
            version: of.version,
            occurred_at: self.clock.now(),
            channel: None,
            conversation: None,
            data: json!(of.example()).to_string(),
        }
    }

    pub async fn end(mut self) -> anyhow::Result<()> {
        self.over.cancel();
        while self.waking.join_next().await.is_some() {}
        match self.deliverer {
            Deliverer::Process(server) => server.stop().await,
            Deliverer::Here(running) => {
                running.stop().await;
                Ok(())
            }
        }
    }
}

/// Wakes endpoint jobs after commits of this process, as every process does.
fn listen(
    config: &Config,
    (db, clock): (&Db, &Clock),
    waking: &mut JoinSet<()>,
    over: &CancellationToken,
) -> anyhow::Result<()> {
    let queues = match &config.redis {
        Some(redis) => Queues::redis(redis.url.expose(), &redis.prefix, clock.clone())?,
        None => anyhow::bail!("REDIS_URL: on PostgreSQL the benchmark needs it too"),
    };
    if let Some(committed) = db.subscribe_to_hints(ENDPOINT_JOBS.name) {
        waking.spawn(webhooks::dispatcher::wake(
            db.clone(),
            clock.clone(),
            queues,
            committed,
            over.clone(),
        ));
    }
    Ok(())
}

async fn worker(config: &Config) -> anyhow::Result<Server> {
    let environment = [
        ("DATABASE_URL", config.database_url.as_str()),
        ("MAINSTAY_EGRESS_NETWORKS", NETWORK),
        ("MAINSTAY_EGRESS_HTTP", "allow"),
    ];
    Server::start_in(&environment, &["--worker"]).await
}

fn endpoint(address: &str, wanted: &[&EventType]) -> NewEndpoint {
    NewEndpoint {
        url: format!("http://{address}/events"),
        description: None,
        event_types: wanted.iter().map(|it| it.name.to_owned()).collect(),
        channels: None,
        rate_limit_per_second: None,
        headers: Default::default(),
        ordered: false,
        max_concurrent: None,
        enabled: true,
    }
}
