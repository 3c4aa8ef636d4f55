//! What a process holds.

use std::{ops::Deref, sync::Arc};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::{
    clock::Clock,
    config::Config,
    db::Db,
    directory::Directory,
    egress::Outside,
    inbound::intake::Intake,
    messaging::{Conclusions, Uploads, accept::Outbox},
    meta::graph,
    queue::{Queue, Queues},
    rate_limit::Governor,
    storage::Storage,
    templates::Library,
    webhooks::{Courier, Subscriptions},
};

/// Stored webhooks, to be processed.
pub const INBOUND: Queue = Queue::new("inbound", "raw_events");
/// Media of stored messages, to be fetched from Meta.
pub const MEDIA_INBOUND: Queue = Queue::new("media_inbound", "media").lanes("lane");
/// Stored images, to be made smaller.
pub const MEDIA_VARIANTS: Queue = Queue::new("media_variants", "media_files");

/// How many long webhooks a process works on at a time: one fewer than jobs of their queue, so that short ones never wait for all of them.
pub const LONG_WEBHOOKS: usize = 2;

/// Everything a request or a job needs. Clones are cheap and share it all.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub queues: Queues,
    pub directory: Directory,
    pub governor: Governor,
    pub intake: Intake,
    pub outbox: Outbox,
    /// What came of calls to Meta.
    pub conclusions: Conclusions,
    /// Files on their way to Meta.
    pub uploads: Uploads,
    /// Meta, as we call it.
    pub graph: graph::Client,
    /// Where media are.
    pub storage: Storage,
    /// Calls to addresses that tenants chose.
    pub outside: Outside,
    /// What brings events to endpoints.
    pub courier: Courier,
    pub metrics: PrometheusHandle,
    /// Places for long webhooks that are processed at a time.
    pub long_webhooks: Semaphore,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The part that endpoints and their deliveries are asked of.
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions {
            db: self.db.clone(),
            clock: self.clock.clone(),
            keyring: self.config.keyring.clone(),
            outside: self.outside.clone(),
        }
    }

    /// The part that templates work with.
    pub fn library(&self) -> Library {
        Library {
            db: self.db.clone(),
            clock: self.clock.clone(),
            graph: self.graph.clone(),
            directory: self.directory.clone(),
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
