use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

use super::{auth, health, metrics, webhooks};
use crate::{app::App, memory::MemoryBudget};

/// The app, and what this edge remembers between requests.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

pub struct Parts {
    pub app: App,
    pub keys: auth::Keys,
    pub rates: auth::Rates,
    pub webhooks: webhooks::Gate,
    /// What requests may hold.
    pub memory: Arc<MemoryBudget>,
    pub health: health::Checks,
    pub scrape: metrics::Scrape,
}

impl Edge {
    pub fn new(app: App) -> Self {
        Self(Arc::new(Parts {
            keys: auth::Keys::default(),
            rates: auth::Rates::new(app.config.limits.api_rate),
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
