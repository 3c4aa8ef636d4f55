//! Accepts connections.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{descriptors::Reserve, registry::ConnectionRegistry, serve};

/// Interval of the sweep; a client has so much longer than its limit.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);
/// Pause after a failed `accept` without a remedy.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `doors` is cancelled, and waits until the requests in progress are answered.
pub async fn run(listener: TcpListener, router: Router, registry: Arc<ConnectionRegistry>, doors: CancellationToken) {
    let serving = TaskTracker::new();
    let mut reserve = Reserve::new();
    // Whether a reserved descriptor was released for the next connection.
    let mut short = false;
    // Only tests use shorter limits than the sweep's interval.
    let mut sweeps = tokio::time::interval(SWEEP_INTERVAL.min(registry.shortest_pace() / 4));
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = doors.cancelled() => break,
            _ = sweeps.tick() => {
                registry.sweep();
                if !short {
                    reserve.refill();
                }
            }
            accepted = listener.accept() => match accepted {
                Ok(accepted) => spawn_connection(accepted, std::mem::take(&mut short), &registry, &router, &serving),
                Err(error) => short = failed(&error, &registry, &mut reserve).await,
            },
        }
    }
    drop(listener);
    registry.end();
    serving.close();
    loop {
        tokio::select! {
            () = serving.wait() => return,
            _ = sweeps.tick() => registry.sweep(),
        }
    }
}

fn spawn_connection(
    (stream, peer): (TcpStream, SocketAddr),
    short: bool,
    registry: &Arc<ConnectionRegistry>,
    router: &Router,
    serving: &TaskTracker,
) {
    let peer = peer.ip().to_canonical();
    // Not admitted: dropped, so the client sees the connection closed.
    if let Some(admitted) = registry.admit(peer, short) {
        let connection = admitted.connection.clone();
        let task = serving.spawn(serve::serve(stream, peer, admitted, router.clone()));
        connection.set_task(task.abort_handle());
    }
}

/// Frees descriptors when they are exhausted. Returns true if the next connection can be accepted at once, with a reserved descriptor.
async fn failed(error: &io::Error, registry: &ConnectionRegistry, reserve: &mut Reserve) -> bool {
    use rustix::io::Errno;
    // The client disconnected before it was accepted.
    if matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        return false;
    }
    let short = matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE));
    registry.report.failed(error, short);
    if short {
        registry.shed();
        if reserve.release() {
            return true;
        }
    }
    tokio::time::sleep(PAUSE).await;
    false
}
