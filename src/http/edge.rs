use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

use super::{auth, health, metrics, reads::Reads, room::Room, webhooks};
use crate::{app::App, memory::MemoryBudget};

/// The app, and what this edge remembers between requests.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

pub struct Parts {
    pub app: App,
    pub keys: auth::Keys,
    pub rates: auth::Rates,
    pub guesses: auth::Guesses,
    /// Whether metrics and the details of health are shown to anybody here.
    pub watching_is_open: bool,
    pub unverified: Room,
    pub reads: Reads,
    pub webhooks: webhooks::Gate,
    /// What requests may hold.
    pub memory: Arc<MemoryBudget>,
    pub health: health::Checks,
    pub scrape: metrics::Scrape,
}

impl Edge {
    /// `own_address` says that nothing but health and metrics is served there.
    pub fn new(app: App, own_address: bool) -> Self {
        let config = &app.config;
        let inside = own_address || config.listen.ip().is_loopback();
        Self(Arc::new(Parts {
            keys: auth::Keys::default(),
            rates: auth::Rates::new(app.config.limits.api_rate),
            guesses: auth::Guesses::default(),
            watching_is_open: inside && config.metrics_token.is_none(),
            unverified: Room::new(config.connections.unverified_bytes, "mainstay_unverified_bytes"),
            reads: Reads::new(app.config.database_read_connections),
            webhooks: webhooks::Gate::default(),
            memory: Arc::new(MemoryBudget::new(app.config.limits.request_bytes)),
            health: health::Checks::default(),
            scrape: metrics::Scrape::default(),
            app,
        }))
    }
}

impl Deref for Edge {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Edge> for App {
    fn from_ref(edge: &Edge) -> App {
        edge.app.clone()
    }
}
