//! Public addresses. The sources are IANA's special-purpose address registries for IPv4 and IPv6 and the RFCs they name. Addresses not
//! known to be public are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

/// Builds a network from the first six of eight segments; the others are zero.
const fn v6([a, b, c, d, e, f]: [u16; 6], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, 0, 0), length)
}

/// IPv4 networks that are refused.
const V4_REFUSED: &[(Ipv4Net, &str)] = &[
    (v4([0, 0, 0, 0], 8), "means this host (RFC 1122)"),
    (v4([10, 0, 0, 0], 8), "is private (RFC 1918)"),
    (
        v4([100, 64, 0, 0], 10),
        "is shared address space of a provider (RFC 6598)",
    ),
    (v4([127, 0, 0, 0], 8), "is this host (RFC 1122)"),
    // Includes the metadata services of most clouds, at 169.254.169.254.
    (v4([169, 254, 0, 0], 16), "is link-local (RFC 3927)"),
    (v4([172, 16, 0, 0], 12), "is private (RFC 1918)"),
    (v4([192, 0, 0, 0], 24), "is reserved for protocols (RFC 6890)"),
    (v4([192, 0, 2, 0], 24), "is for documentation (RFC 5737)"),
    (v4([192, 88, 99, 0], 24), "was the 6to4 relay (RFC 7526)"),
    (v4([192, 168, 0, 0], 16), "is private (RFC 1918)"),
    (v4([198, 18, 0, 0], 15), "is for benchmarks (RFC 2544)"),
    (v4([198, 51, 100, 0], 24), "is for documentation (RFC 5737)"),
    (v4([203, 0, 113, 0], 24), "is for documentation (RFC 5737)"),
    (v4([224, 0, 0, 0], 4), "is for multicast (RFC 5771)"),
    (v4([240, 0, 0, 0], 4), "is reserved (RFC 1112)"),
    // A public address by its range, but every virtual machine of that cloud reaches its host here.
    (v4([168, 63, 129, 16], 32), "is the wire server of Azure"),
];

/// The only IPv6 block from which public addresses are assigned (RFC 4291 §2.4, RFC 3587).
const V6_PUBLIC: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0], 3);

/// Networks within [`V6_PUBLIC`] that are refused.
const V6_REFUSED: &[(Ipv6Net, &str)] = &[
    // Includes Teredo, benchmarks and unroutable identifiers.
    (v6([0x2001, 0, 0, 0, 0, 0], 23), "is reserved for protocols (RFC 2928)"),
    (v6([0x2001, 0x0db8, 0, 0, 0, 0], 32), "is for documentation (RFC 3849)"),
    (
        v6([0x2002, 0, 0, 0, 0, 0], 16),
        "is a tunnel to any address of IPv4 (6to4, RFC 7526)",
    ),
    (v6([0x3fff, 0, 0, 0, 0, 0], 20), "is for documentation (RFC 9637)"),
];

/// IPv6 addresses with an embedded IPv4 address, which decides.
const IPV4_MAPPED: Ipv6Net = v6([0, 0, 0, 0, 0, 0xffff], 96);
/// The well-known prefix of NAT64 (RFC 6052): in a network without IPv4 every IPv4 server has such an address.
const NAT64: Ipv6Net = v6([0x0064, 0xff9b, 0, 0, 0, 0], 96);

const LOOPBACK: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);

/// Reasons for blocks outside [`V6_PUBLIC`] that are likely to be tried.
const V6_NON_PUBLIC: &[(Ipv6Net, &str)] = &[
    (v6([0, 0, 0, 0, 0, 0], 128), "means this host (RFC 4291)"),
    (LOOPBACK, "is this host (RFC 4291)"),
    (v6([0xfc00, 0, 0, 0, 0, 0], 7), "is private (RFC 4193)"),
    (v6([0xfe80, 0, 0, 0, 0, 0], 10), "is link-local (RFC 4291)"),
    (v6([0xfec0, 0, 0, 0, 0, 0], 10), "is site-local (RFC 3879)"),
    (v6([0xff00, 0, 0, 0, 0, 0], 8), "is for multicast (RFC 4291)"),
];

/// Returns why an address is refused, as a phrase that follows "the address …". `None` if it is public or in a network that the operator
/// allows.
pub fn refusal_reason(address: IpAddr, allowed: &[IpNet]) -> Option<&'static str> {
    let address = address.to_canonical();
    if allowed.iter().any(|network| network.contains(&address)) {
        return None;
    }
    match address {
        IpAddr::V4(address) => v4_refusal_reason(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => refusal_reason(IpAddr::V4(inner), allowed),
            None => v6_refusal_reason(address),
        },
    }
}

fn v4_refusal_reason(address: Ipv4Addr) -> Option<&'static str> {
    let found = V4_REFUSED.iter().find(|(network, _)| network.contains(&address));
    found.map(|(_, why)| *why)
}

fn v6_refusal_reason(address: Ipv6Addr) -> Option<&'static str> {
    if !V6_PUBLIC.contains(&address) {
        let found = V6_NON_PUBLIC.iter().find(|(network, _)| network.contains(&address));
        return Some(found.map_or("is not public (RFC 4291)", |(_, why)| *why));
    }
    if is_isatap(address) {
        return Some("is a tunnel to any address of IPv4 (ISATAP, RFC 5214)");
    }
    let found = V6_REFUSED.iter().find(|(network, _)| network.contains(&address));
    found.map(|(_, why)| *why)
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let inside = IPV4_MAPPED.contains(&address) || NAT64.contains(&address);
    let [.., a, b, c, d] = address.octets();
    inside.then(|| Ipv4Addr::new(a, b, c, d))
}

/// Returns whether the second half of the address is `0:5efe` or `200:5efe` followed by an IPv4 address, under any prefix.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, high, low, ..] = address.segments();
    matches!(high, 0 | 0x0200) && low == 0x5efe
}
