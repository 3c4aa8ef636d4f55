//! A whole installation in this process, a simulator of Meta's side that it calls and that calls it, and customers.

use std::time::Duration;

use mainstay::{
    clock::Clock,
    config::{self, Config, Secret},
    db::Db,
    domain::{ChannelId, Ctx},
    process::{self, Roles, RunningProcess},
    tenancy::{self, NewChannel, TenantService},
};
use mainstay_sim::{AcceptedSend, Clock as SimClock, Customer, FaultRule, Item, Shape, SimConfig, Simulator};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{
    app::{APP_SECRET, NUMBER, WABA, config},
    databases::{migrated_postgres, migrated_sqlite},
    folder::Folder,
    http::{Answer, Client},
    servers::shared_redis_url,
    wait::wait_until,
};

pub const DEADLINE: Duration = Duration::from_secs(30);
/// How long an unknown message waits for evidence.
pub const WINDOW: chrono::TimeDelta = chrono::TimeDelta::seconds(3);
/// How long a call may take.
const CALL: Duration = Duration::from_secs(3);
const TOKEN: &str = "EAAG-test";

pub struct World {
    pub running: RunningProcess,
    pub simulator: Simulator,
    /// With an API key of the tenant.
    pub client: Client,
    pub channel: ChannelId,
    meta: JoinHandle<()>,
    _folder: Folder,
}

/// From now on Meta is asked about the channels there are when a test says so.
pub async fn put_off_checks(db: &Db) {
    let far = Clock::default().now() + chrono::TimeDelta::days(3_650);
    wait_until(DEADLINE, "no channel is being checked", async || {
        db.sql("UPDATE channel_checks SET due_at = $1 WHERE state = 'pending'", (far,))
            .run()
            .await
            .unwrap();
        let near = "SELECT COUNT(*) FROM channel_checks WHERE due_at < $1";
        let (near,): (i64,) = db.reader().sql(near, (far,)).one().await.unwrap();
        near == 0
    })
    .await;
}

impl World {
    pub async fn embedded() -> Self {
        Self::embedded_with(|_| {}).await
    }

    pub async fn distributed() -> Self {
        Self::distributed_with(|_| {}).await
    }

    /// With something else at Meta's side.
    pub async fn embedded_with(change: impl FnOnce(&mut SimConfig)) -> Self {
        let folder = Folder::new("sending");
        let url = migrated_sqlite(&folder).await;
        Self::start(config(&url), folder, change).await
    }

    pub async fn distributed_with(change: impl FnOnce(&mut SimConfig)) -> Self {
        let folder = Folder::new("sending");
        let mut config = config(&migrated_postgres(&folder).await);
        config.redis = Some(config::RedisConfig {
            url: Secret::new(shared_redis_url()),
            prefix: format!("t_{}", uuid::Uuid::now_v7().simple()),
        });
        Self::start(config, folder, change).await
    }

    pub async fn start(mut config: Config, folder: Folder, change: impl FnOnce(&mut SimConfig)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.graph.base_url = format!("http://{}", listener.local_addr().unwrap());
        config.graph.timeout = CALL;
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.storage = config::StorageConfig::Folder(folder.path().join("media"));
        config.sending.unknown_window = WINDOW;
        let running = process::start(config, Roles::BOTH, Clock::default()).await.unwrap();
        let registry = TenantService {
            db: running.app.db.clone(),
            clock: running.app.clock.clone(),
            keyring: running.app.config.keyring.clone(),
        };
        let (tenant, key) = tenancy::create_tenant(&registry, "Acme").await.unwrap();
        let channel = NewChannel {
            phone_number_id: NUMBER.to_owned(),
            waba_id: WABA.to_owned(),
            access_token: Secret::new(TOKEN),
            app_secret: None,
        };
        let channel = tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel)
            .await
            .unwrap();
        running.app.directory.refresh().await.unwrap();
        put_off_checks(&running.app.db).await;
        let mut sim = SimConfig {
            callback_url: format!("http://{}/webhooks/whatsapp", running.address.unwrap()),
            app_secret: APP_SECRET.to_owned(),
            phone_number_id: NUMBER.to_owned(),
            waba_id: WABA.to_owned(),
            clock: SimClock::Wall,
            customers: 50,
            ..SimConfig::default()
        };
        sim.graph.access_token = TOKEN.to_owned();
        change(&mut sim);
        let simulator = Simulator::new(sim).unwrap();
        let serving = simulator.clone();
        let meta = tokio::spawn(async move { serving.serve(listener).await.unwrap() });
        Self {
            client: Client::of(&running.app).with(key.token.expose()),
            running,
            simulator,
            channel: channel.id,
            meta,
            _folder: folder,
        }
    }

    /// A customer whose window is open, because they wrote just now and we know of it.
    pub async fn customer(&self, place: usize) -> Customer {
        let customers = self.simulator.customers();
        let (place, customer) = customers
            .iter()
            .enumerate()
            .filter(|(_, customer)| !customer.hides_phone)
            .nth(place)
            .unwrap();
        let words = Some("Are you open today?");
        let webhook = self.simulator.write(place, Shape::Text, words).unwrap();
        // An open window is no proof: it may be from what they wrote before.
        let Some(Item::Message(written)) = webhook.items.first() else {
            panic!("a message was written: {:?}", webhook.items);
        };
        let wamid = written.wamid.clone();
        self.simulator.deliver(webhook).await;
        wait_until(DEADLINE, "the customer's message is processed", async || {
            const SQL: &str = "SELECT COUNT(*) FROM messages WHERE wamid = $1";
            let reader = self.running.app.db.reader();
            let (rows,): (i64,) = reader.sql(SQL, (wamid.clone(),)).one().await.unwrap();
            rows > 0
        })
        .await;
        customer.clone()
    }

    /// A request for a text to somebody.
    pub fn text(&self, to: &str, body: &str) -> Value {
        json!({ "channel_id": self.channel, "to": { "phone": to }, "type": "text", "text": { "body": body } })
    }

    /// A request for a text to somebody, to be queued even if they have not written.
    pub fn text_anyway(&self, to: &str, body: &str) -> Value {
        let mut request = self.text(to, body);
        request["if_window_closed"] = json!("queue");
        request
    }

    /// Sends and returns our id.
    pub async fn send(&self, request: Value) -> String {
        let answer = self.client.post("/api/v1/messages", request).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.client.post(&format!("/api/v1/{path}"), body).await
    }

    pub async fn message(&self, id: &str) -> Value {
        self.client.get(&format!("/api/v1/messages/{id}")).await.ok().json()
    }

    /// Waits until the message stands so, and returns it.
    pub async fn until(&self, id: &str, status: &str) -> Value {
        self.until_is(id, status, |message| message["status"] == status).await
    }

    pub async fn until_is(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let waiting = wait_until(DEADLINE, what, async || {
            last = self.message(id).await;
            holds(&last)
        });
        if tokio::time::timeout(DEADLINE - Duration::from_secs(1), waiting)
            .await
            .is_err()
        {
            panic!("waited in vain for {what}: {last:#}");
        }
        last
    }

    /// The outcomes of a message's attempts, in their order.
    pub fn outcomes(message: &Value) -> Vec<&str> {
        let attempts = message["attempts"].as_array().unwrap();
        attempts.iter().map(|it| it["outcome"].as_str().unwrap()).collect()
    }

    pub fn fault(&self, rule: FaultRule) -> u64 {
        self.simulator.graph().inject(rule)
    }

    /// What Meta's side accepted, with this body of a text.
    pub fn accepted(&self, text: &str) -> Vec<std::sync::Arc<AcceptedSend>> {
        let mut sends = self.simulator.graph().sends();
        sends.retain(|it| it.json()["text"]["body"] == text);
        sends
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let (number,): (i64,) = self.running.app.db.reader().sql(sql, ()).one().await.unwrap();
        number
    }

    pub async fn end(self) {
        self.running.stop().await;
        self.meta.abort();
    }
}

/// The world's channel, as the API shows it.
pub async fn channel(world: &World) -> Value {
    world
        .client
        .get(&format!("/api/v1/channels/{}", world.channel))
        .await
        .ok()
        .json()
}

/// Waits until the channel is as it should be, and returns it.
pub async fn until_channel(world: &World, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let waiting = wait_until(DEADLINE * 2, what, async || {
        last = channel(world).await;
        holds(&last)
    });
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("waited in vain for {what}: {last:#}");
    }
    last
}
