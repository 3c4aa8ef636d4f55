//! A whole installation in this process with a tenant, and what tests ask of its endpoints.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay::{
    clock::Clock,
    config::{self, Config, Secret},
    db::Db,
    domain::{Actor, ChannelId, ConversationId, Ctx, DeliveryId, EndpointId, EventId, TenantId},
    process::{self, Roles, RunningProcess},
    records::events::{self, NewEvent},
    tenancy::{self, NewChannel, TenantService},
    webhooks::{
        NewEndpoint, WebhookService,
        store::{
            deliveries::{self, Delivery, DeliveryAttempt, DeliveryFilter},
            endpoints::{Endpoint, EndpointKey},
        },
    },
};
use serde_json::json;

use super::receiver::Receiver;
use crate::support::{
    app::{NUMBER, WABA, config},
    databases::{migrated_postgres, migrated_sqlite},
    folder::Folder,
    servers::shared_redis_url,
    wait::wait_until,
};

pub const DEADLINE: Duration = Duration::from_secs(40);
/// How long an exchange may take.
pub const TIMEOUT: Duration = Duration::from_secs(1);

pub struct World {
    pub running: RunningProcess,
    pub subscriptions: WebhookService,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub clock: Clock,
    pub folder: Folder,
}

impl World {
    pub async fn embedded() -> Self {
        Self::embedded_with(|_| {}).await
    }

    pub async fn distributed() -> Self {
        Self::distributed_with(|_| {}).await
    }

    pub async fn embedded_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new("deliveries");
        let url = migrated_sqlite(&folder).await;
        let mut config = config(&url);
        change(&mut config);
        Self::start(config, folder).await
    }

    pub async fn distributed_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new("deliveries");
        let mut config = config(&migrated_postgres(&folder).await);
        change(&mut config);
        config.redis = Some(config::RedisConfig {
            url: Secret::new(shared_redis_url()),
            prefix: format!("t_{}", uuid::Uuid::now_v7().simple()),
        });
        Self::start(config, folder).await
    }

    async fn start(mut config: Config, folder: Folder) -> Self {
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.storage = config::StorageConfig::Folder(folder.path().join("media"));
        config.egress = egress();
        config.deliveries.timeout = TIMEOUT;
        let clock = Clock::default();
        let running = process::start(config, Roles::BOTH, clock.clone()).await.unwrap();
        let registry = TenantService {
            db: running.app.db.clone(),
            clock: clock.clone(),
            keyring: running.app.config.keyring.clone(),
        };
        let (tenant, _) = tenancy::create_tenant(&registry, "Acme").await.unwrap();
        let channel = NewChannel {
            phone_number_id: NUMBER.to_owned(),
            waba_id: WABA.to_owned(),
            access_token: Secret::new("EAAG-test"),
            app_secret: None,
        };
        let channel = tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel)
            .await
            .unwrap();
        Self {
            subscriptions: running.app.webhooks.clone(),
            running,
            tenant: tenant.id,
            channel: channel.id,
            clock,
            folder,
        }
    }

    pub fn db(&self) -> &Db {
        &self.running.app.db
    }

    /// An endpoint that wants what happens to messages.
    pub async fn endpoint(&self, receiver: &Receiver) -> EndpointId {
        self.endpoint_with(receiver, |_| {}).await.id
    }

    pub async fn endpoint_with(&self, receiver: &Receiver, change: impl FnOnce(&mut NewEndpoint)) -> Endpoint {
        let mut new = wanted(&receiver.url());
        change(&mut new);
        self.subscriptions
            .create(&Ctx::operator(self.tenant), new)
            .await
            .unwrap()
    }

    pub fn event(&self) -> NewEvent {
        event(&self.clock, self.tenant)
    }

    /// Something happens.
    pub async fn happen(&self, events: &[NewEvent]) {
        happen(self.db(), &self.clock, events).await;
    }

    /// One thing happens, without a conversation.
    pub async fn one(&self) -> EventId {
        let event = self.event();
        self.happen(std::slice::from_ref(&event)).await;
        event.id
    }

    pub async fn standing(&self, endpoint: EndpointId) -> Endpoint {
        self.subscriptions.find(self.tenant, endpoint).await.unwrap()
    }

    /// The endpoint's deliveries, the oldest first.
    pub async fn deliveries(&self, endpoint: EndpointId) -> Vec<Delivery> {
        let all = DeliveryFilter::default();
        let key = EndpointKey {
            tenant: self.tenant,
            id: endpoint,
        };
        let page = deliveries::list(self.db().reader(), key, &all, None, 10_000);
        let mut deliveries = page.await.unwrap().deliveries;
        deliveries.reverse();
        deliveries
    }

    pub async fn attempts(&self, delivery: DeliveryId) -> Vec<DeliveryAttempt> {
        deliveries::attempts(self.db().reader(), self.tenant, delivery)
            .await
            .unwrap()
    }

    /// Waits until so many deliveries of the endpoint stand so.
    pub async fn until(&self, endpoint: EndpointId, state: &str, count: usize) -> Vec<Delivery> {
        let mut last = Vec::new();
        let what = format!("{count} deliveries are {state}");
        wait_until(DEADLINE, &what, async || {
            last = self.deliveries(endpoint).await;
            last.iter().filter(|it| it.state.as_str() == state).count() == count
        })
        .await;
        last
    }

    /// Waits until the only delivery of the endpoint has so many attempts, written.
    pub async fn until_attempts(&self, endpoint: EndpointId, count: i64) -> Delivery {
        let mut last = Vec::new();
        wait_until(DEADLINE, &format!("attempt {count} is written"), async || {
            last = self.deliveries(endpoint).await;
            last.iter().any(|it| it.attempts >= count)
        })
        .await;
        last.remove(0)
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let (number,): (i64,) = self.db().reader().sql(sql, ()).one().await.unwrap();
        number
    }

    /// What it leaves is gone with the folder.
    pub async fn end(self) -> Folder {
        self.running.stop().await;
        self.folder
    }
}

/// The operator lets tenants reach this machine, by http.
pub fn egress() -> config::EgressPolicy {
    config::EgressPolicy {
        plain_http: true,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

pub fn wanted(url: &str) -> NewEndpoint {
    NewEndpoint {
        url: url.to_owned(),
        description: None,
        event_types: vec!["message.*".to_owned()],
        channels: None,
        rate_limit_per_second: None,
        headers: Default::default(),
        ordered: false,
        max_concurrent: None,
        enabled: true,
    }
}

pub fn event(clock: &Clock, tenant: TenantId) -> NewEvent {
    let id: EventId = clock.new_id();
    NewEvent {
        actor: Actor::System,
        tenant,
        id,
        kind: "message.received",
        version: 1,
        occurred_at: clock.now(),
        channel: None,
        conversation: None,
        data: json!({ "text": "Grüße \u{1f600} \"quoted\"", "event": id }).to_string(),
    }
}

/// An event of a conversation, as producers make them.
pub fn in_conversation(event: NewEvent, channel: ChannelId, conversation: ConversationId) -> NewEvent {
    NewEvent {
        actor: Actor::System,
        channel: Some(channel),
        conversation: Some(conversation),
        data: json!({ "channel_id": channel, "conversation_id": conversation, "event": event.id }).to_string(),
        ..event
    }
}

pub async fn happen(db: &Db, clock: &Clock, events: &[NewEvent]) {
    let mut tx = db.begin().await.unwrap();
    events::append(&mut tx, events, clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Seconds from one time to another.
pub fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_milliseconds() as f64 / 1_000.0
}
