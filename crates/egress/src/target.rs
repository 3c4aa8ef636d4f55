use std::net::IpAddr;

use http::Uri;
use url::{Host, Url};

use super::{EgressPolicy, UrlRefused, address::refusal_reason};

/// Maximum length of a URL in bytes: what browsers and proxies agree on.
const MAX_LENGTH: usize = 2_048;

/// The first port that is not reserved for system services (RFC 6335).
const FIRST_USER_PORT: u16 = 1_024;
const WEB_PORTS: [u16; 2] = [80, 443];
/// Domains that never lead to the public internet: RFC 6761, RFC 6762, RFC 8375, and what ICANN reserves for private use.
const LOCAL_DOMAINS: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// An address chosen by a tenant that passed the syntactic checks. Names are checked when they are resolved.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
    uri: Uri,
}

impl Target {
    /// Parses a URL as browsers do (the URL Standard), so that an IP address is recognised in every spelling: `0x7f.1`, `2130706433`,
    /// `[::ffff:127.0.0.1]`, `１２７.0.0.1`.
    pub fn parse(text: &str, policy: &EgressPolicy) -> Result<Self, UrlRefused> {
        if text.len() > MAX_LENGTH {
            return Err(UrlRefused::TooLong { max: MAX_LENGTH });
        }
        let mut url = Url::parse(text.trim()).map_err(|error| UrlRefused::InvalidUrl(error.to_string()))?;
        match url.scheme() {
            "https" => {}
            "http" if policy.plain_http => {}
            _ => return Err(UrlRefused::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlRefused::Credentials);
        }
        // If the operator allows a network, its local names and reserved ports are allowed too.
        let allows_networks = !policy.networks.is_empty();
        let is_reserved = |port: u16| port < FIRST_USER_PORT && !WEB_PORTS.contains(&port);
        if !allows_networks && url.port().is_some_and(is_reserved) {
            return Err(UrlRefused::Port);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if !allows_networks && is_local(name) => return Err(UrlRefused::Name),
            Some(Host::Domain(name)) if !name.trim_end_matches('.').is_empty() => None,
            _ => return Err(UrlRefused::InvalidUrl("no host is named".to_owned())),
        };
        if let Some(address) = literal
            && let Some(why) = refusal_reason(address, &policy.networks)
        {
            return Err(UrlRefused::Address { address, why });
        }
        url.set_fragment(None);
        let uri = Uri::try_from(url.as_str()).map_err(|error| UrlRefused::InvalidUrl(error.to_string()))?;
        Ok(Self { url, uri })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the address for the request.
    pub(super) fn uri(&self) -> Uri {
        self.uri.clone()
    }
}

/// Returns whether a name is local by its form: a single label, or in a local domain. Names are in lower case.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let within = |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    !name.is_empty() && (!name.contains('.') || LOCAL_DOMAINS.iter().any(|domain| name == *domain || within(domain)))
}
