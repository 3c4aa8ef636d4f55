use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

use super::{api, auth, health, metrics, reads::Reads, webhooks};
use crate::app::App;

/// The app, and what this edge remembers between requests.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

pub struct Parts {
    pub app: App,
    pub keys: auth::Keys,
    pub rates: auth::Rates,
    pub reads: Reads,
    pub webhooks: webhooks::Gate,
    pub uploads: api::Uploads,
    pub batches: api::Batches,
    pub health: health::Checks,
    pub scrape: metrics::Scrape,
}

impl Edge {
    pub fn new(app: App) -> Self {
        Self(Arc::new(Parts {
            keys: auth::Keys::default(),
            rates: auth::Rates::new(app.config.limits.api_rate),
            reads: Reads::new(app.config.database_read_connections),
            webhooks: webhooks::Gate::default(),
            uploads: api::Uploads::default(),
            batches: api::Batches::default(),
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
