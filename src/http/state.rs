use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

use super::{auth, byte_budget::ByteBudget, health, metrics, read_limiter::ReadLimiter, webhooks};
use crate::{app::App, memory::MemoryBudget};

/// The state of the HTTP layer: the app, and what this process remembers between requests.
#[derive(Clone)]
pub(crate) struct HttpState(Arc<HttpStateParts>);

pub(crate) struct HttpStateParts {
    pub app: App,
    pub keys: auth::ApiKeyCache,
    pub rates: auth::ApiRateLimiter,
    pub guesses: auth::GuessLimiter,
    /// Whether metrics and the details of health are shown without a token.
    pub metrics_are_public: bool,
    pub unverified: ByteBudget,
    pub read_limiter: ReadLimiter,
    pub webhooks: webhooks::WebhookState,
    /// The memory budget of requests.
    pub memory: Arc<MemoryBudget>,
    pub health: health::HealthCache,
    pub scrape: metrics::Scrape,
}

impl HttpState {
    /// Creates the state. `own_address` says that the listener serves nothing but health and metrics.
    pub fn new(app: App, own_address: bool) -> Self {
        let config = &app.config;
        let inside = own_address || config.listen.ip().is_loopback();
        Self(Arc::new(HttpStateParts {
            keys: auth::ApiKeyCache::default(),
            rates: auth::ApiRateLimiter::new(app.config.limits.api_rate),
            guesses: auth::GuessLimiter::default(),
            metrics_are_public: inside && config.metrics_token.is_none(),
            unverified: ByteBudget::new(config.connections.unverified_bytes, "mainstay_unverified_bytes"),
            read_limiter: ReadLimiter::new(app.config.database_read_connections),
            webhooks: webhooks::WebhookState::default(),
            memory: Arc::new(MemoryBudget::new(app.config.limits.request_bytes)),
            health: health::HealthCache::default(),
            scrape: metrics::Scrape::default(),
            app,
        }))
    }
}

impl Deref for HttpState {
    type Target = HttpStateParts;

    fn deref(&self) -> &HttpStateParts {
        &self.0
    }
}

impl FromRef<HttpState> for App {
    fn from_ref(state: &HttpState) -> App {
        state.app.clone()
    }
}
