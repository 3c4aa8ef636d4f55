//! The registry of open connections: admits and closes them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    connection::{ClientConnection, Now},
    report::Report,
};
use crate::{config, http};

/// Connections accepted beyond the limits, so that health probes are answered and other clients get an error.
const SPARES: usize = 16;
/// Divisor of the limit: one in so many connections is closed at a time, so that a flood of connections costs no search each.
const BATCH: usize = 64;

pub(crate) struct ConnectionRegistry {
    /// The configured limits, capped by the limit of open files.
    limits: config::ConnectionLimits,
    began: Instant,
    now: Now,
    open: Mutex<Open>,
    pub report: Report,
}

#[derive(Default)]
struct Open {
    all: HashMap<u64, Arc<ClientConnection>>,
    by_address: HashMap<IpAddr, usize>,
    spares: usize,
    next: u64,
}

/// An admitted connection. Dropping it removes it from the registry.
pub(crate) struct Admitted {
    pub connection: Arc<ClientConnection>,
    registry: Arc<ConnectionRegistry>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.registry.open().remove(self.connection.id);
    }
}

impl ConnectionRegistry {
    pub fn new(limits: config::ConnectionLimits) -> Arc<Self> {
        metrics::gauge!("mainstay_connections_limit").set(limits.max as f64);
        Arc::new(Self {
            limits,
            began: Instant::now(),
            now: Now::default(),
            open: Mutex::default(),
            report: Report::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a client. At a limit, connections waiting longest for their clients are closed; if all are busy, or descriptors are `short`,
    /// the connection becomes a spare one. `None` if there are too many spare ones as well.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr, short: bool) -> Option<Admitted> {
        let address = http::client_network(peer);
        let mut open = self.open();
        let mut spare = short;
        if let Some(limit) = self.per_address(peer)
            && open.by_address.get(&address).is_some_and(|count| *count >= limit)
            && self.close_waiting(&mut open, |it| it.address == address, limit) == 0
        {
            self.report.refused("address", Some(peer));
            spare = true;
        }
        if open.all.len() >= self.limits.max && self.close_waiting(&mut open, |_| true, self.limits.max) == 0 {
            self.report.refused("most", None);
            spare = true;
        }
        if spare && open.spares >= SPARES && self.close_waiting(&mut open, |it| it.spare, 1) == 0 {
            return None;
        }
        open.next += 1;
        let connection = Arc::new(ClientConnection::new(open.next, address, spare, self.now.clone()));
        open.insert(connection.clone());
        drop(open);
        Some(Admitted {
            connection,
            registry: self.clone(),
        })
    }

    pub(crate) fn shortest_pace(&self) -> Duration {
        let pace = &self.limits.timeouts;
        pace.head.min(pace.idle).min(pace.body).min(pace.answer)
    }

    fn per_address(&self, peer: IpAddr) -> Option<usize> {
        let limit = self.limits.per_address?;
        let proxy = self.limits.proxies.iter().any(|network| network.contains(&peer));
        // One address never gets more than half of all connections.
        (!proxy).then(|| limit.min(self.limits.max / 2))
    }

    /// Closes connections that wait for their clients: unfinished heads before idle ones, the longest waiting first. Returns how many.
    fn close_waiting(&self, open: &mut Open, which: impl Fn(&ClientConnection) -> bool, limit: usize) -> usize {
        let mut waiting: Vec<(bool, u64, u64)> = open
            .all
            .values()
            .filter(|it| which(it))
            .filter_map(|it| it.waiting_since().map(|(in_head, since)| (!in_head, since, it.id)))
            .collect();
        let batch = limit.div_ceil(BATCH).min(waiting.len());
        if batch == 0 {
            return 0;
        }
        waiting.select_nth_unstable(batch - 1);
        for (_, _, id) in &waiting[..batch] {
            if let Some(connection) = open.remove(*id) {
                connection.abort();
            }
        }
        self.report.made_room(batch);
        batch
    }

    /// Closes waiting connections of any client, because descriptors are short.
    pub(crate) fn shed(&self) {
        let mut open = self.open();
        let limit = open.all.len();
        self.close_waiting(&mut open, |_| true, limit);
    }

    /// Updates the clock, and closes the connections of clients that have exceeded a limit.
    pub fn sweep(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now.store(elapsed, Relaxed);
        let mut open = self.open();
        let pace = &self.limits.timeouts;
        let overdue = |it: &Arc<ClientConnection>| Some((it.id, it.overdue(pace)?));
        let overdue: Vec<_> = open.all.values().filter_map(overdue).collect();
        for (id, why) in overdue {
            if let Some(connection) = open.remove(id) {
                self.report.closed(why, connection.address);
                connection.abort();
            }
        }
        self.report.open(open.all.len());
    }

    /// Stops accepting requests: idle connections end now, busy ones after their answer.
    pub fn end(&self) {
        for connection in self.open().all.values() {
            connection.ending.notify_one();
        }
    }
}

impl Open {
    fn insert(&mut self, connection: Arc<ClientConnection>) {
        *self.by_address.entry(connection.address).or_default() += 1;
        self.spares += usize::from(connection.spare);
        self.all.insert(connection.id, connection);
    }

    fn remove(&mut self, id: u64) -> Option<Arc<ClientConnection>> {
        let connection = self.all.remove(&id)?;
        self.spares -= usize::from(connection.spare);
        if let Some(count) = self.by_address.get_mut(&connection.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&connection.address);
            }
        }
        Some(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConnectionTimeouts;

    fn registry(most: usize, per_address: Option<usize>) -> Arc<ConnectionRegistry> {
        ConnectionRegistry::new(config::ConnectionLimits {
            max: most,
            per_address,
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            unverified_bytes: 0,
            timeouts: ConnectionTimeouts::default(),
        })
    }

    fn busy(admitted: Option<Admitted>) -> Admitted {
        let admitted = admitted.expect("let in");
        admitted.connection.begin();
        admitted
    }

    #[test]
    fn whoever_waits_makes_room_and_busy_ones_are_spared() {
        let registry = registry(4, None);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let idle = busy(registry.admit(address, false));
        idle.connection.answered();
        let half = registry.admit(address, false).unwrap();
        let _busy: Vec<_> = (0..2).map(|_| busy(registry.admit(address, false))).collect();
        let known = |it: &Admitted| registry.open().all.contains_key(&it.connection.id);
        let fifth = busy(registry.admit(address, false));
        assert!(
            !known(&half) && known(&idle) && !fifth.connection.spare,
            "an unfinished head goes first"
        );
        let sixth = busy(registry.admit(address, false));
        assert!(!known(&idle) && !sixth.connection.spare, "then who is idle");
        let spares: Vec<_> = (0..SPARES).map(|_| busy(registry.admit(address, false))).collect();
        assert!(spares.iter().all(|it| it.connection.spare));
        assert!(registry.admit(address, false).is_none());
        drop(spares);
        drop(sixth);
        assert!(!busy(registry.admit(address, false)).connection.spare);
    }

    #[test]
    fn an_address_has_its_limit_and_a_proxy_none() {
        let registry = registry(100, Some(2));
        let from = |address: &str| busy(registry.admit(address.parse().unwrap(), false));
        let first = [from("2001:db8::1"), from("2001:db8::2")];
        assert!(from("2001:db8::3").connection.spare, "a /64 is one client");
        assert!(!from("2001:db8:0:1::1").connection.spare);
        let proxied: Vec<_> = (0..50).map(|_| from("10.1.2.3")).collect();
        assert!(proxied.iter().all(|it| !it.connection.spare));
        drop(first);
        assert!(!from("2001:db8::3").connection.spare);
    }
}
