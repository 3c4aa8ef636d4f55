use ipnet::IpNet;

use super::{
    ConfigError, Environment,
    parse::{choice, networks},
};

/// What the operator lets tenants make this process reach, beyond public addresses by `https`.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Whether `http://` will do, where anybody on the way can read and change what is said: for development.
    pub plain_http: bool,
    /// Networks that may be reached although they are not public.
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
