use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{descriptors::Reserve, registry::ConnectionRegistry, serve};

/// How often connections are looked at; a client has so much longer than its limit.
const SWEEP: Duration = Duration::from_millis(500);
/// After a failure to accept for which nothing could be done.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the doors close, and waits until the requests in hand are answered.
pub async fn run(listener: TcpListener, router: Router, registry: Arc<ConnectionRegistry>, doors: CancellationToken) {
    let serving = TaskTracker::new();
    let mut reserve = Reserve::new();
    // Whether a reserved descriptor was let go of for the connection that is accepted next.
    let mut short = false;
    // Short paces are for tests.
    let mut sweeps = tokio::time::interval(SWEEP.min(registry.shortest_pace() / 4));
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
                Ok(accepted) => let_in(accepted, std::mem::take(&mut short), &registry, &router, &serving),
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

fn let_in(
    (stream, peer): (TcpStream, SocketAddr),
    short: bool,
    registry: &Arc<ConnectionRegistry>,
    router: &Router,
    serving: &TaskTracker,
) {
    let peer = peer.ip().to_canonical();
    // Dropped otherwise: the client sees the connection closed.
    if let Some(admitted) = registry.admit(peer, short) {
        let connection = admitted.connection.clone();
        let task = serving.spawn(serve::serve(stream, peer, admitted, router.clone()));
        connection.runs_as(task.abort_handle());
    }
}

/// Makes room where descriptors are short. True when the next connection may be accepted at once, with a descriptor of the reserve.
async fn failed(error: &io::Error, registry: &ConnectionRegistry, reserve: &mut Reserve) -> bool {
    use rustix::io::Errno;
    // The client went away before it was accepted.
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
        if reserve.let_go() {
            return true;
        }
    }
    tokio::time::sleep(PAUSE).await;
    false
}
