//! File descriptors: the limit of the process, the share of connections, and a reserve.

use std::{fs::File, os::fd::OwnedFd};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Minimum number of descriptors not used for connections: database, Redis, files, requests to Meta and to endpoints.
const KEPT: u64 = 64;
/// Minimum share of all descriptors not used for connections: one in this many.
const KEPT_SHARE: u64 = 4;
/// Number of descriptors in the reserve.
const RESERVE: usize = 8;

/// Raises the soft limit on open files to the hard limit, and returns the maximum number of connections: `wanted`, or fewer under a low
/// limit.
pub(crate) fn most_connections(wanted: usize) -> usize {
    let limit = raise();
    let most = room(limit).min(wanted as u64) as usize;
    if most < wanted {
        tracing::warn!(
            most,
            wanted,
            open_files = limit,
            "MAINSTAY_CONNECTIONS: the limit of open files (ulimit -n) permits fewer"
        );
    }
    most
}

fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if current != maximum && setrlimit(Resource::Nofile, raised).is_ok() {
        return maximum.unwrap_or(u64::MAX);
    }
    current.unwrap_or(u64::MAX)
}

fn room(limit: u64) -> u64 {
    limit.saturating_sub(KEPT.max(limit / KEPT_SHARE)).max(16)
}

/// Open descriptors of `/dev/null`. Closing one makes room for a connection when `accept` finds none free.
pub(crate) struct Reserve(Vec<OwnedFd>);

impl Reserve {
    pub fn new() -> Self {
        let mut reserve = Self(Vec::with_capacity(RESERVE));
        reserve.refill();
        reserve
    }

    /// Refills the reserve as far as descriptors are free again.
    pub(crate) fn refill(&mut self) {
        while self.0.len() < RESERVE {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file.into());
        }
    }

    /// Closes one descriptor; returns false when none is left.
    pub fn release(&mut self) -> bool {
        self.0.pop().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(room(256), 192);
        assert_eq!(room(1_024), 768);
        assert_eq!(room(1_048_576), 786_432);
        assert_eq!(room(20), 16);
        assert!(most_connections(100) <= 100);
    }
}
