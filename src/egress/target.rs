use std::net::IpAddr;

use http::Uri;
use url::{Host, Url};

use super::{EgressPolicy, Refused, address::objection};

/// The longest address taken, in bytes: what browsers and proxies agree on.
const LONGEST: usize = 2_048;

/// The first port that is not kept for services of a system (RFC 6335).
const USER_PORTS: u16 = 1_024;
const WEB_PORTS: [u16; 2] = [80, 443];
/// Domains that never lead to the public internet: RFC 6761, RFC 6762, RFC 8375, and what ICANN keeps for private use.
const LOCAL: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// An address that a tenant chose, as far as it can be judged by looking at it. Names are judged when they are resolved.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
    uri: Uri,
}

impl Target {
    /// Reads it as browsers do (the URL Standard), so that an IP address is recognised in every spelling: `0x7f.1`, `2130706433`,
    /// `[::ffff:127.0.0.1]`, `１２７.0.0.1`.
    pub fn parse(text: &str, policy: &EgressPolicy) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::TooLong { most: LONGEST });
        }
        let mut url = Url::parse(text.trim()).map_err(|error| Refused::NoUrl(error.to_string()))?;
        match url.scheme() {
            "https" => {}
            "http" if policy.plain_http => {}
            _ => return Err(Refused::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        // Where the operator lets tenants into a network, its names and ports are good.
        let is_let_in = !policy.networks.is_empty();
        let is_reserved = |port: u16| port < USER_PORTS && !WEB_PORTS.contains(&port);
        if !is_let_in && url.port().is_some_and(is_reserved) {
            return Err(Refused::Port);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if !is_let_in && is_local(name) => return Err(Refused::Name),
            Some(Host::Domain(name)) if !name.trim_end_matches('.').is_empty() => None,
            _ => return Err(Refused::NoUrl("no host is named".to_owned())),
        };
        if let Some(address) = literal
            && let Some(why) = objection(address, &policy.networks)
        {
            return Err(Refused::Address { address, why });
        }
        url.set_fragment(None);
        let uri = Uri::try_from(url.as_str()).map_err(|error| Refused::NoUrl(error.to_string()))?;
        Ok(Self { url, uri })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same, for the request.
    pub(super) fn uri(&self) -> Uri {
        self.uri.clone()
    }
}

/// Whether a name shows by itself that it leads inside: one word, or one of the domains for that. Names are in small letters.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let within = |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    !name.is_empty() && (!name.contains('.') || LOCAL.iter().any(|domain| name == *domain || within(domain)))
}
