use ipnet::IpNet;

use super::{
    ConfigError, Environment,
    parse::{choice, networks},
};

/// Addresses that tenants may reach beyond public `https` addresses.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Allows `http://`, which can be read and modified on the way: for development.
    pub plain_http: bool,
    /// Networks that are allowed although they are not public.
    pub networks: Vec<IpNet>,
}

impl EgressPolicy {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            plain_http: choice("MAINSTAY_EGRESS_HTTP", &environment.egress_http, ["refuse", "allow"])? == "allow",
            networks: networks("MAINSTAY_EGRESS_NETWORKS", environment.egress_networks.as_deref())?,
        })
    }
}
