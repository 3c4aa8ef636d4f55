use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;

use super::{
    ConfigError, Environment,
    parse::{networks, number},
};

/// Limits on connections from clients.
#[derive(Clone, Debug)]
pub struct Connections {
    /// Most connections open at a time. The limit of open files may lower it: see `process/listen/descriptors.rs`.
    pub most: usize,
    /// Most connections of one client address (IPv6: of one /64); `None` is no limit.
    pub per_address: Option<usize>,
    /// Networks of reverse proxies: no limit per address for them, and their `X-Forwarded-For` names the client.
    pub proxies: Vec<IpNet>,
    /// Most bytes of webhook bodies held at a time before their signatures are verified.
    pub unverified_bytes: usize,
    pub pace: Pace,
}

/// How long a connection may take for what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From the first byte of a request's head, or from the opening of the connection, to the head's end.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// A body that is waited for must bring `BODY_BYTES` in each such span.
    pub body: Duration,
    /// A client for which an answer's bytes wait must take `ANSWER_BYTES` in each such span.
    pub answer: Duration,
}

impl Pace {
    /// Least bytes of a request's body in [`Pace::body`]: 1 KiB a second.
    pub const BODY_BYTES: u64 = 20 * 1024;
    /// Least bytes of an answer in [`Pace::answer`]: about 4 KiB a second.
    pub const ANSWER_BYTES: u64 = 128 * 1024;
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(20),
            answer: Duration::from_secs(30),
        }
    }
}

impl Connections {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let per_address = number(
            "MAINSTAY_CONNECTIONS_PER_ADDRESS",
            &environment.connections_per_address,
            0..=1_000_000,
        )?;
        let body_bytes: usize = number("MAINSTAY_BODY_BYTES", &environment.body_bytes, 1_024..=16_777_216)?;
        Ok(Self {
            most: number("MAINSTAY_CONNECTIONS", &environment.connections, 16..=1_000_000)?,
            per_address: (per_address > 0).then_some(per_address),
            proxies: networks("MAINSTAY_PROXIES", Some(&environment.proxies))?,
            // A body of the greatest length must find room when nobody else is there.
            unverified_bytes: number(
                "MAINSTAY_UNVERIFIED_BYTES",
                &environment.unverified_bytes,
                body_bytes..=68_719_476_736,
            )?,
            pace: Pace::default(),
        })
    }
}

/// `127.0.0.1:9090` or `[::1]:9090`.
pub(super) fn metrics_listen(text: Option<&str>) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let address = text.parse().map_err(|_| {
        ConfigError::new(
            "MAINSTAY_METRICS_LISTEN",
            format!("{text:?} is no address with a port"),
            "use e.g. 127.0.0.1:9090",
        )
    })?;
    Ok(Some(address))
}
