use ipnet::IpNet;

use super::{ConfigError, Environment, parse::choice};

/// What the operator lets tenants make this process reach, beyond public addresses by `https`.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Whether `http://` will do, where anybody on the way can read and change what is said: for development.
    pub plain_http: bool,
    /// Networks that may be reached although they are not public.
    pub networks: Vec<IpNet>,
}

impl Outside {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        const VARIABLE: &str = "MAINSTAY_OUTSIDE_NETWORKS";
        let words = environment.outside_networks.as_deref().unwrap_or_default().split(',');
        let network = |word: &str| {
            // An address alone is a network of one.
            let found = word
                .parse::<IpNet>()
                .ok()
                .or_else(|| Some(word.parse::<std::net::IpAddr>().ok()?.into()));
            found.ok_or_else(|| ConfigError::new(VARIABLE, format!("{word:?} is no network"), "use e.g. 10.1.0.0/16"))
        };
        let networks = words.map(str::trim).filter(|word| !word.is_empty()).map(network);
        Ok(Self {
            plain_http: choice("MAINSTAY_OUTSIDE_HTTP", &environment.outside_http, ["refuse", "allow"])? == "allow",
            networks: networks.collect::<Result<_, _>>()?,
        })
    }
}
