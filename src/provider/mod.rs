//! The boundary to the providers that carry a channel's messages. Four functions, dispatched by [`Provider`]:
//!
//! - [`Providers::prepare`] makes the exact request of a message;
//! - [`Providers::send`] makes the call and judges what its answer proves;
//! - [`read`] turns the body of a webhook into items;
//! - [`capabilities()`] says what a provider can do.
//!
//! Messages, items and error codes have one canonical form, which is Meta's: `message`, `webhook` and `errors`. The arm of another provider
//! translates at this boundary, so that what stands above it (messaging, inbound, …) names none.

mod accounts;
mod capabilities;
mod customers;
mod failure;
mod outgoing;

pub(crate) use accounts::{AskedNumber, NumberAnswers};
pub(crate) use capabilities::{NotSupported, capabilities};
pub(crate) use failure::event_error;
pub(crate) use outgoing::{PreparedCall, Unfit};

pub use crate::{
    domain::Provider,
    meta::{
        graph::{
            Accepted, ApiOutage, BlockResult, BlockTarget, BlockedPage, Callbacks, Error, GraphError as ProviderError,
            PhoneNumberInfo, Receipt, SendOutcome, SubscribedApp, TokenInfo, errors,
        },
        message, webhook,
    },
};

use crate::{
    directory::Route,
    meta::graph::{Access, GraphClient},
};

/// The clients of all providers. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Providers {
    meta: GraphClient,
}

/// Why a provider was not asked, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the channel's access token cannot be decrypted: add the channel again to renew it")]
    NoToken,
    #[error(transparent)]
    NotSupported(#[from] NotSupported),
    #[error(transparent)]
    Answer(#[from] Error),
}

impl Providers {
    pub fn new(meta: GraphClient) -> Self {
        Self { meta }
    }

    /// Returns the outage of a provider that carries messages, as far as the calls of this process show it.
    pub(crate) fn outage(&self) -> Option<ApiOutage> {
        self.meta.outage()
    }
}

/// Reads a webhook.
///
/// # Errors
/// Fails only if the body is not the provider's kind of document. Whatever else it has becomes items.
pub fn read(provider: Provider, body: &[u8]) -> Result<webhook::Webhook, webhook::Malformed> {
    match provider {
        Provider::Meta => webhook::parse(body),
    }
}

fn access(route: &Route) -> Result<Access<'_>, CallError> {
    route.access().ok_or(CallError::NoToken)
}
