//! The setup of the send benchmark.

use std::{net::SocketAddr, path::Path, time::Duration};

use super::super::{
    child::{Server, database_url},
    server,
    webhook::{NUMBER, SECRET, WABA},
};
use crate::{
    config::Secret,
    domain::{ChannelId, Ctx, MessageId, Scopes, TenantId},
    records::channels,
    tenancy::{self, NewChannel, TenantService},
};
use anyhow::{Context, ensure};
use chrono::TimeDelta;
use mainstay_sim::{Clock as SimClock, Enforcement, Level, NumberSeed, SimConfig, Simulator, StatusPolicy};
use serde_json::{Value, json};

/// Number of phone numbers at Meta's standard throughput, beside the one at the highest.
pub(crate) const STANDARD: usize = 4;
/// Messages per request.
const BATCH: usize = 1_000;

/// An installation with a filled database, and the simulator it sends to.
pub(crate) struct SendBench {
    pub registry: TenantService,
    pub tenant: TenantId,
    pub key: String,
    pub simulator: Simulator,
    pub is_postgres: bool,
    /// The first is at 1,000 messages a second, the others at 80.
    pub channels: Vec<(ChannelId, String)>,
    api: Option<Server>,
    worker: Option<Server>,
    environment: Vec<(&'static str, String)>,
    /// Number of invented recipients so far.
    pub invented: usize,
}

impl SendBench {
    /// Begins on a database in the folder, or on that of DATABASE_URL. `statuses`: whether the simulator reports what becomes of messages.
    pub async fn start(folder: &Path, statuses: bool) -> anyhow::Result<Self> {
        let mut config = server::config()?;
        config.database_url = database_url(&config.database_url, folder)?;
        let registry = server::prepare(&config).await?;
        let tenant = crate::records::tenants::all(registry.db.writer()).await?[0].id;
        let key = tenancy::create_api_key(&registry, &Ctx::operator(tenant), "bench", &Scopes::all()).await?;
        let mut ids = vec![NUMBER.to_owned()];
        ids.extend((0..STANDARD).map(|n| format!("10000000000010{n}")));
        let mut numbers = Vec::new();
        for id in ids {
            let new = NewChannel {
                phone_number_id: id.clone(),
                waba_id: WABA.to_owned(),
                access_token: Secret::new("none"),
                app_secret: None,
            };
            numbers.push((
                tenancy::add_channel(&registry, &Ctx::operator(tenant), new).await?.id,
                id,
            ));
        }
        let (listener, address) = listener()?;
        let environment = vec![
            ("DATABASE_URL", config.database_url.clone()),
            ("GRAPH_BASE_URL", format!("http://{address}")),
        ];
        let api = Server::start_in(&borrowed(&environment), &["--api"]).await?;
        let address = api.address.context("the api does not listen")?;
        let simulator = Simulator::new(sim_config(address, statuses))?;
        serve(simulator.clone(), listener)?;
        let bench = Self {
            tenant,
            key: key.token.expose().to_owned(),
            simulator,
            is_postgres: config.is_postgres(),
            registry,
            channels: numbers,
            api: Some(api),
            worker: None,
            environment,
            invented: 0,
        };
        bench.set_throughput(1_000, 80).await?;
        Ok(bench)
    }

    /// Returns the fraction of updates of messages that touched no index, on PostgreSQL.
    pub(crate) async fn hot_updates(&self) -> anyhow::Result<Option<f64>> {
        const POSTGRES: &str = "
            SELECT n_tup_hot_upd::double precision / NULLIF(n_tup_upd, 0) FROM pg_stat_user_tables WHERE relname = 'messages'";
        if !self.is_postgres {
            return Ok(None);
        }
        let (share,) = self.registry.db.sql(POSTGRES, ()).one::<(Option<f64>,)>().await?;
        Ok(share)
    }

    /// Sets the stored throughput of the numbers.
    pub(crate) async fn set_throughput(&self, first: i64, others: i64) -> anyhow::Result<()> {
        const DEFER: &str = "UPDATE channel_checks SET due_at = $2 WHERE id = $1 AND state = 'pending'";
        for (n, (channel, _)) in self.channels.iter().enumerate() {
            let seen = channels::NumberReport {
                throughput: Some(if n == 0 { first } else { others }),
                ..channels::NumberReport::default()
            };
            let now = self.registry.clock.now();
            channels::record_report(self.registry.db.writer(), self.tenant, *channel, seen, now).await?;
            // Defers the next check, so that the simulator's values are not read meanwhile.
            let deferred = (*channel, now + TimeDelta::days(1));
            self.registry.db.sql(DEFER, deferred).run().await?;
        }
        Ok(())
    }

    /// Lifts the throughput limits on both sides.
    pub async fn unlimited(&self) -> anyhow::Result<()> {
        let graph = self.simulator.graph();
        graph.set_enforcement(Enforcement {
            throughput: false,
            pairs: false,
            ..graph.enforcement()
        });
        self.set_throughput(10_000, 10_000).await
    }

    /// Starts to send. On SQLite one process does everything, as in production.
    pub async fn begin(&mut self) -> anyhow::Result<()> {
        if self.is_postgres {
            self.worker = Some(Server::start_in(&borrowed(&self.environment), &["--worker"]).await?);
            return Ok(());
        }
        self.serve(&["--api", "--worker"]).await
    }

    /// Stops sending.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        match self.worker.take() {
            Some(worker) => worker.stop().await,
            None => self.serve(&["--api"]).await,
        }
    }

    /// Replaces the serving process by one with these flags, on the same port.
    async fn serve(&mut self, flags: &[&str]) -> anyhow::Result<()> {
        let port = self.api()?.port().to_string();
        if let Some(api) = self.api.take() {
            api.stop().await?;
        }
        let flags = [flags, &["--port", &port]].concat();
        self.api = Some(Server::start_in(&borrowed(&self.environment), &flags).await?);
        Ok(())
    }

    /// Waits until no message is waiting to be sent.
    pub(crate) async fn wait_until_drained(&self) -> anyhow::Result<()> {
        // Not a count, which would cost a quarter of the processor that is measured.
        const WAITING: &str = "SELECT id FROM sends WHERE state IN ('pending', 'running') LIMIT 1";
        loop {
            let waiting: Option<(MessageId,)> = self.registry.db.reader().sql(WAITING, ()).opt().await?;
            if waiting.is_none() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn api(&self) -> anyhow::Result<SocketAddr> {
        let api = self.api.as_ref().and_then(|api| api.address);
        api.context("the api does not listen")
    }

    /// Returns the peak memory of the process that sends, in megabytes.
    pub(crate) fn memory_mb(&self) -> f64 {
        let sending = self.worker.as_ref().or(self.api.as_ref());
        sending.and_then(Server::peak_memory_mb).unwrap_or_default()
    }

    /// Returns the processor time that the process that sends has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let sending = self.worker.as_ref().or(self.api.as_ref());
        sending.and_then(Server::cpu_seconds).unwrap_or_default()
    }

    /// Returns the peak memory of the process that serves.
    pub(crate) fn api_memory_mb(&self) -> f64 {
        self.api.as_ref().and_then(Server::peak_memory_mb).unwrap_or_default()
    }

    /// Queues campaign messages, each to a new recipient.
    pub async fn fill(&mut self, channel: usize, count: usize) -> anyhow::Result<()> {
        for from in (0..count).step_by(BATCH) {
            let messages: Vec<Value> = (from..count.min(from + BATCH))
                .map(|_| self.template(channel))
                .collect();
            let answer = self.post("messages/batch", &json!({ "messages": messages })).await?;
            let refused = answer["results"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|it| it["problem"].is_object());
            ensure!(
                refused.is_none(),
                "a message was rejected: {}",
                refused.unwrap_or(&answer)
            );
        }
        Ok(())
    }

    fn template(&mut self, channel: usize) -> Value {
        self.invented += 1;
        json!({
            "channel_id": self.channels[channel].0,
            "to": { "phone": format!("+4915{:08}", self.invented) },
            "lane": "campaign",
            "type": "template",
            "template": {
                "name": "order_shipped", "language": { "code": "en_US" },
                "components": [{ "type": "body", "parameters": [
                    { "type": "text", "text": "Ana" }, { "type": "text", "text": self.invented.to_string() },
                ] }],
            },
        })
    }

    /// Returns how many messages the simulator has accepted from each number.
    pub fn accepted(&self) -> Vec<u64> {
        let counts = self.simulator.graph().counts(mainstay_sim::By::PhoneNumber, 1).counts;
        let of = |(_, id): &(ChannelId, String)| u64::from(counts.get(id).copied().unwrap_or(0));
        self.channels.iter().map(of).collect()
    }
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn listener() -> anyhow::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn sim_config(api: SocketAddr, statuses: bool) -> SimConfig {
    let mut config = SimConfig {
        callback_url: format!("http://{api}/webhooks/whatsapp"),
        app_secret: SECRET.to_owned(),
        waba_id: WABA.to_owned(),
        phone_number_id: NUMBER.to_owned(),
        clock: SimClock::Wall,
        customers: 100,
        concurrency: 32,
        ..SimConfig::default()
    };
    config.graph.access_token = "none".to_owned();
    config.graph.level = Level::High;
    config.graph.enforcement = Enforcement::strict();
    config.graph.more_numbers = (0..STANDARD)
        .map(|n| NumberSeed {
            phone_number_id: format!("10000000000010{n}"),
            display_phone_number: format!("1555000110{n}"),
            waba_id: None,
            level: Level::Standard,
        })
        .collect();
    config.graph.statuses = StatusPolicy {
        enabled: statuses,
        // Under load Meta reports many statuses in one webhook.
        per_post: 100,
        ..StatusPolicy::default()
    };
    config
}

/// Runs the simulator on a thread of its own, until the program ends.
fn serve(simulator: Simulator, listener: std::net::TcpListener) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("simulator".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                simulator.serve(listener).await
            })
        })?;
    Ok(())
}
