use ipnet::IpNet;

/// Addresses that tenants may reach beyond public `https` addresses.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Allows `http://`, which can be read and modified on the way: for development.
    pub plain_http: bool,
    /// Networks that are allowed although they are not public.
    pub networks: Vec<IpNet>,
}
