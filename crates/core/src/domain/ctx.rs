//! Who acts for which tenant, and what they may do and see.

use std::{fmt, net::IpAddr, sync::Arc};

use super::{ApiKeyId, CampaignId, Permissions, TenantId};

/// Who does something. Its text stands in `events.actor` and in `created_by` of what is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A program, by its API key.
    ApiKey(ApiKeyId),
    /// Whoever runs the installation: the admin token or the command line.
    Operator,
    /// A campaign, which makes messages.
    Campaign(CampaignId),
    /// The program itself: webhooks, jobs, housekeeping.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(id) => id.fmt(f),
            Self::Campaign(id) => id.fmt(f),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Which of a tenant's conversations an actor sees. Members whose view is narrower come with the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    All,
}

/// The context of what is done for one tenant: who does it, and what they may do and see. Verbs take it in the place of a tenant's id.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub tenant: TenantId,
    pub actor: Actor,
    pub may: Permissions,
    pub sees: Sees,
    /// The `x-request-id` of the HTTP request that it began with.
    pub request_id: Option<Arc<str>>,
    /// The client's address, as limits count it.
    pub ip: Option<IpAddr>,
}

impl Ctx {
    /// Returns the context of what the operator does for a tenant.
    pub fn operator(tenant: TenantId) -> Self {
        Self::of(tenant, Actor::Operator)
    }

    /// Returns the context of what the program itself does for a tenant.
    pub fn system(tenant: TenantId) -> Self {
        Self::of(tenant, Actor::System)
    }

    fn of(tenant: TenantId, actor: Actor) -> Self {
        Self {
            tenant,
            actor,
            may: Permissions::all(),
            sees: Sees::All,
            request_id: None,
            ip: None,
        }
    }
}
