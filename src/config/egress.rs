use super::{
    ConfigError, EgressPolicy, Environment,
    parse::{choice, networks},
};

/// Reads which addresses tenants may reach.
pub fn read(environment: &Environment) -> Result<EgressPolicy, ConfigError> {
    Ok(EgressPolicy {
        plain_http: choice("MAINSTAY_EGRESS_HTTP", &environment.egress_http, ["refuse", "allow"])? == "allow",
        networks: networks("MAINSTAY_EGRESS_NETWORKS", environment.egress_networks.as_deref())?,
    })
}
