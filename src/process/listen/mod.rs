//! Connections from clients: accepted, limited, and closed when their clients are too slow.
//!
//! 1. `accept` takes connections, also while descriptors are short (`descriptors`).
//! 2. `registry` lets them in: so many in all, so many of one address; who waits longest makes room.
//! 3. `serve` speaks HTTP/1.1 on each, over a `stream` that notes in its `connection` what goes through. Of a body that no handler
//!    read (`arriving`), the rest is read and thrown away.
//! 4. Twice a second the registry closes the connections whose clients have used up their time ([`crate::config::ConnectionTimeouts`]).
//! 5. `report` counts and logs.

mod accept;
mod arriving;
mod connection;
mod descriptors;
mod registry;
mod report;
mod serve;
mod stream;

use std::net::SocketAddr;

use anyhow::Context;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::registry::ConnectionRegistry;
use super::Roles;
use crate::{app::App, config::Config, http};

/// The sockets of a process.
pub struct Listeners {
    /// The API's, or a worker's own for health and metrics, if it has one.
    main: Option<TcpListener>,
    /// Health and metrics of an API process, if they have an address of their own.
    metrics: Option<TcpListener>,
}

/// Binds the addresses of this process.
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
    let listener = listener.with_context(|| format!("{variable}: cannot listen on {address}; is it taken?"))?;
    Ok(Some(listener))
}

impl Listeners {
    /// Where it listens, and where for health and metrics besides.
    pub fn addresses(&self) -> std::io::Result<(Option<SocketAddr>, Option<SocketAddr>)> {
        let address = |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        Ok((address(&self.main)?, address(&self.metrics)?))
    }

    /// Serves until the doors close and the requests in hand are answered.
    pub fn spawn(self, app: &App, roles: Roles, doors: &CancellationToken) -> Option<JoinHandle<()>> {
        let mut limits = app.config.connections.clone();
        limits.max = descriptors::most_connections(limits.max);
        let registry = ConnectionRegistry::new(limits);
        let main = self.main.map(|listener| match roles.api {
            true => (listener, http::router(app.clone())),
            false => (listener, http::watching_router(app.clone())),
        });
        let metrics = self
            .metrics
            .map(|listener| (listener, http::watching_router(app.clone())));
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
            reason = "the servers of the process; `Running::stop` awaits them"
        )]
        let server = tokio::spawn(async move {
            futures::future::join_all(servers).await;
        });
        Some(server)
    }
}
