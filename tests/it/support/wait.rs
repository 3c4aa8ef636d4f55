//! Waiting for conditions instead of for time, and ports to listen on.

use std::{
    net::TcpListener,
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

/// Between two questions: a sixteenth of how long it has been, within these.
const POLL: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// Asks `holds` every few milliseconds until it says yes; less often when that takes longer, for a question may cost more than what it waits
/// for.
///
/// # Panics
/// With `what` in the message when `deadline` has passed, also when `holds` itself hangs.
pub async fn wait_until(deadline: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let polling = async {
        let begun = Instant::now();
        while !holds().await {
            let [shortest, longest] = POLL;
            tokio::time::sleep((begun.elapsed() / 16).clamp(shortest, longest)).await;
        }
    };
    if tokio::time::timeout(deadline, polling).await.is_err() {
        panic!("waited {deadline:?} in vain: {what}");
    }
}

/// A TCP port of 127.0.0.1 that nobody listens on and that this process has not been given before.
///
/// Ports come from below 32768, where the kernel gives outgoing connections theirs, so that a server can be stopped
/// and find its port free when it comes back. Each process begins somewhere else in the range; still, whoever listens
/// must be ready to find the port taken by another process in between.
pub fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 22_000;
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random_range(0..COUNT)));
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("some port below 32768 is free")
}
