use std::net::SocketAddr;

use anyhow::Context;
use axum::serve::ListenerExt;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::Roles;
use crate::{app::App, config::Config, http};

/// Binds the address of this process: the API's, or a worker's own for health and metrics, if it has one.
pub async fn bind(config: &Config, roles: Roles) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = (if roles.api {
        Some(config.listen)
    } else {
        config.worker_listen
    }) else {
        return Ok(None);
    };
    let variable = if roles.api { "HOST and PORT" } else { "WORKER_PORT" };
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{variable}: cannot listen on {address}; is it taken?"))?;
    Ok(Some(listener))
}

/// Serves until the doors close and the requests in hand are answered.
pub fn spawn(listener: TcpListener, app: &App, roles: Roles, doors: CancellationToken) -> JoinHandle<()> {
    let router = if roles.api {
        http::router(app.clone())
    } else {
        http::worker_router(app.clone())
    };
    let listener = listener.tap_io(|stream| {
        // Answers are small; waiting to fill a packet would only add latency.
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move { doors.cancelled().await });
    #[expect(
        clippy::disallowed_methods,
        reason = "the server of the process; `Running::stop` awaits it"
    )]
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the server ended badly");
        }
    })
}
