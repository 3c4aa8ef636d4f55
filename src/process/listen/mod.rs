//! Client connections: accepted, limited, and closed when clients are too slow.
//!
//! 1. `accept` accepts connections, also while descriptors are short (`descriptors`).
//! 2. `registry` admits them up to a total and a limit per address; at a limit, the connection waiting longest for its client is closed.
//! 3. `serve` speaks HTTP/1.1 on each, over a `stream` that records traffic in its `connection`. A request body that no handler read is
//!    drained (`arriving`).
//! 4. Twice a second the registry closes connections whose clients have exceeded a limit ([`crate::config::ConnectionTimeouts`]).
//! 5. `report` counts and logs.

mod accept;
mod connection;
mod descriptors;
mod registry;
mod report;
mod request_body;
mod serve;
mod stream;

use std::net::SocketAddr;

use anyhow::Context;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::registry::ConnectionRegistry;
use super::Roles;
use crate::{app::App, config::Config, http};

/// The listening sockets of a process.
pub(crate) struct Listeners {
    /// The API's listener, or a worker's own for health and metrics, if configured.
    main: Option<TcpListener>,
    /// The separate listener for health and metrics of an API process, if configured.
    metrics: Option<TcpListener>,
}

/// Binds the configured addresses.
pub async fn bind(config: &Config, roles: Roles) -> anyhow::Result<Listeners> {
    let (main, metrics) = match roles.api {
        true => (Some(("HOST and PORT", config.listen)), config.metrics_listen),
        false => (config.worker_listen.map(|address| ("WORKER_PORT", address)), None),
    };
    let metrics = metrics.map(|address| ("MAINSTAY_METRICS_LISTEN", address));
    Ok(Listeners {
        main: listen(main).await?,
        metrics: listen(metrics).await?,
    })
}

async fn listen(on: Option<(&'static str, SocketAddr)>) -> anyhow::Result<Option<TcpListener>> {
    let Some((variable, address)) = on else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{variable}: cannot listen on {address}; is it in use?"))?;
    Ok(Some(listener))
}

impl Listeners {
    /// Returns the addresses of the main and of the metrics listener.
    pub fn addresses(&self) -> std::io::Result<(Option<SocketAddr>, Option<SocketAddr>)> {
        let address = |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        Ok((address(&self.main)?, address(&self.metrics)?))
    }

    /// Serves until `doors` is cancelled and the requests in progress are answered.
    pub fn spawn(self, app: &App, roles: Roles, doors: &CancellationToken) -> Option<JoinHandle<()>> {
        let mut limits = app.config.connections.clone();
        limits.max = descriptors::most_connections(limits.max);
        let registry = ConnectionRegistry::new(limits);
        let main = self.main.map(|listener| match roles.api {
            true => (listener, http::router(app.clone())),
            false => (listener, http::metrics_router(app.clone())),
        });
        let metrics = self
            .metrics
            .map(|listener| (listener, http::metrics_router(app.clone())));
        let servers: Vec<_> = [main, metrics]
            .into_iter()
            .flatten()
            .map(|(listener, router)| accept::run(listener, router, registry.clone(), doors.clone()))
            .collect();
        if servers.is_empty() {
            return None;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the servers of the process; `RunningProcess::stop` awaits them"
        )]
        let server = tokio::spawn(async move {
            futures::future::join_all(servers).await;
        });
        Some(server)
    }
}
