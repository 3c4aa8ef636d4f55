//! Metrics and logs about connections. Clients can cause each of these log lines at will, so each is logged once in ten seconds.

use std::net::IpAddr;

use metrics::{Counter, Gauge, counter, gauge};

use super::connection::ExceededLimit;
use crate::telemetry::LogThrottle;

pub struct Report {
    open: Gauge,
    closed: [(Counter, LogThrottle); ExceededLimit::ALL.len()],
    made_room: (Counter, LogThrottle),
    refused: LogThrottle,
    failed: LogThrottle,
}

impl Default for Report {
    fn default() -> Self {
        let closed = |reason: &'static str| counter!("mainstay_connections_closed_total", "reason" => reason);
        Self {
            open: gauge!("mainstay_connections_open"),
            closed: ExceededLimit::ALL.map(|it| (closed(it.reason()), LogThrottle::default())),
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

    pub fn closed(&self, why: ExceededLimit, address: IpAddr) {
        let (counter, rarely) = &self.closed[why as usize];
        counter.increment(1);
        // Idle connections are closed all the time.
        if why != ExceededLimit::Idle
            && let Some(times) = rarely.record()
        {
            let reason = why.reason();
            tracing::warn!(reason, times, client.address = %address, "connections of slow clients are closed");
        }
    }

    pub(crate) fn made_room(&self, count: usize) {
        self.made_room.0.increment(count as u64);
        if let Some(times) = self.made_room.1.record() {
            tracing::warn!(
                times,
                "the connection limit is reached (MAINSTAY_CONNECTIONS, MAINSTAY_CONNECTIONS_PER_ADDRESS, ulimit -n): connections that \
                 wait for their clients are closed"
            );
        }
    }

    /// Records a refusal; `limit` is `most` or `address`.
    pub fn refused(&self, limit: &'static str, address: Option<IpAddr>) {
        counter!("mainstay_connections_refused_total", "reason" => limit).increment(1);
        if let Some(times) = self.refused.record() {
            let address = address.map(tracing::field::display);
            tracing::warn!(
                limit,
                times,
                client.address = address,
                "the connection limit is reached and all connections are busy: requests are rejected"
            );
        }
    }

    pub fn failed(&self, error: &std::io::Error, short: bool) {
        let reason = if short { "descriptors" } else { "other" };
        counter!("mainstay_accept_failures_total", "reason" => reason).increment(1);
        if let Some(times) = self.failed.record() {
            tracing::error!(%error, times, "connections cannot be accepted; check ulimit -n if there are too many open files");
        }
    }
}
