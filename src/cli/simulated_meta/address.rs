//! Listening addresses of what is simulated.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::Context;

/// Binds the preferred port, or a free one if it is in use. Returns whether it is the preferred one.
pub fn bind(host: &str, port: u16) -> anyhow::Result<(TcpListener, bool)> {
    let ip: IpAddr = host
        .parse()
        .with_context(|| format!("--host: {host:?} is not an IP address"))?;
    if let Ok(listener) = TcpListener::bind((ip, port)) {
        return Ok((listener, true));
    }
    let listener = TcpListener::bind((ip, 0)).with_context(|| format!("cannot listen on any port of {host}"))?;
    Ok((listener, false))
}

/// Returns the URL at which this machine reaches the listener.
pub(crate) fn reachable(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_replaced_by_a_free_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let (listener, as_wished) = bind("127.0.0.1", port).unwrap();
        assert!(!as_wished && listener.local_addr().unwrap().port() != port);
        assert!(bind("localhost", port).is_err());
    }

    #[test]
    fn an_address_of_all_interfaces_is_reached_on_the_loopback() {
        for (listen, url) in [
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("10.0.0.7:80", "http://10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), url);
        }
    }
}
