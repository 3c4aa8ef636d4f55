//! What is counted and logged of connections. A client can cause each of these lines at will, so each comes once in ten seconds.

use std::net::IpAddr;

use metrics::{Counter, Gauge, counter, gauge};

use super::connection::Overdue;
use crate::telemetry::LogThrottle;

pub struct Report {
    open: Gauge,
    closed: [(Counter, LogThrottle); Overdue::ALL.len()],
    made_room: (Counter, LogThrottle),
    refused: LogThrottle,
    failed: LogThrottle,
}

impl Default for Report {
    fn default() -> Self {
        let closed = |reason: &'static str| counter!("mainstay_connections_closed_total", "reason" => reason);
        Self {
            open: gauge!("mainstay_connections_open"),
            closed: Overdue::ALL.map(|it| (closed(it.reason()), LogThrottle::default())),
            made_room: (closed("room"), LogThrottle::default()),
            refused: LogThrottle::default(),
            failed: LogThrottle::default(),
        }
    }
}

impl Report {
    pub fn open(&self, count: usize) {
        self.open.set(count as f64);
    }

    pub fn closed(&self, why: Overdue, address: IpAddr) {
        let (counter, throttle) = &self.closed[why as usize];
        counter.increment(1);
        // Idle connections end so every day.
        if why != Overdue::Idle
            && let Some(times) = throttle.record()
        {
            let reason = why.reason();
            tracing::warn!(reason, times, client.address = %address, "connections of clients that are too slow are closed");
        }
    }

    pub fn made_room(&self, count: usize) {
        self.made_room.0.increment(count as u64);
        if let Some(times) = self.made_room.1.record() {
            tracing::warn!(
                times,
                "there are as many connections as may be (MAINSTAY_CONNECTIONS, MAINSTAY_CONNECTIONS_PER_ADDRESS, ulimit -n): those that \
                 wait for their clients make room"
            );
        }
    }

    /// `limit` is `most` or `address`.
    pub fn refused(&self, limit: &'static str, address: Option<IpAddr>) {
        counter!("mainstay_connections_refused_total", "reason" => limit).increment(1);
        if let Some(times) = self.refused.record() {
            let address = address.map(tracing::field::display);
            tracing::warn!(
                limit,
                times,
                client.address = address,
                "there is no room for connections: requests are refused"
            );
        }
    }

    pub fn failed(&self, error: &std::io::Error, short: bool) {
        let reason = if short { "descriptors" } else { "other" };
        counter!("mainstay_accept_failures_total", "reason" => reason).increment(1);
        if let Some(times) = self.failed.record() {
            tracing::error!(%error, times, "connections cannot be accepted; see ulimit -n if files are too many");
        }
    }
}
