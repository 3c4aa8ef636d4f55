//! Limits on client connections.

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;

use super::{
    ConfigError, Environment,
    parse::{networks, number},
};

/// Limits on client connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Maximum number of open connections. The limit of open files may lower it: see `process/listen/descriptors.rs`.
    pub max: usize,
    /// Maximum number of connections per client address (IPv6: per /64); `None` is no limit.
    pub per_address: Option<usize>,
    /// Networks of reverse proxies: exempt from the limit per address, and trusted to name the client in `X-Forwarded-For`.
    pub proxies: Vec<IpNet>,
    /// Maximum number of bytes of webhook bodies held before their signatures are verified.
    pub unverified_bytes: usize,
    pub timeouts: ConnectionTimeouts,
}

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionTimeouts {
    /// For a request's head, from its first byte or from the opening of the connection.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// The interval in which a request's body must progress by `BODY_BYTES`.
    pub body: Duration,
    /// The interval in which a client must take `ANSWER_BYTES` of a waiting response.
    pub answer: Duration,
}

impl ConnectionTimeouts {
    /// Minimum bytes of a request's body per [`ConnectionTimeouts::body`]: 1 KiB per second.
    pub(crate) const BODY_BYTES: u64 = 20 * 1024;
    /// Minimum bytes of a response per [`ConnectionTimeouts::answer`]: about 4 KiB per second.
    pub(crate) const ANSWER_BYTES: u64 = 128 * 1024;
}

impl Default for ConnectionTimeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(20),
            answer: Duration::from_secs(30),
        }
    }
}

impl ConnectionLimits {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let per_address = number(
            "MAINSTAY_CONNECTIONS_PER_ADDRESS",
            &environment.connections_per_address,
            0..=1_000_000,
        )?;
        let body_bytes: usize = number("MAINSTAY_BODY_BYTES", &environment.body_bytes, 1_024..=16_777_216)?;
        Ok(Self {
            max: number("MAINSTAY_CONNECTIONS", &environment.connections, 16..=1_000_000)?,
            per_address: (per_address > 0).then_some(per_address),
            proxies: networks("MAINSTAY_PROXIES", Some(&environment.proxies))?,
            // A body of the maximum size must fit when there is no other.
            unverified_bytes: number(
                "MAINSTAY_UNVERIFIED_BYTES",
                &environment.unverified_bytes,
                body_bytes..=68_719_476_736,
            )?,
            timeouts: ConnectionTimeouts::default(),
        })
    }
}

/// Parses `127.0.0.1:9090` or `[::1]:9090`.
pub(super) fn metrics_listen(text: Option<&str>) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let address = text.parse().map_err(|_| {
        ConfigError::new(
            "MAINSTAY_METRICS_LISTEN",
            format!("{text:?} is not an address with a port"),
            "use e.g. 127.0.0.1:9090",
        )
    })?;
    Ok(Some(address))
}
