//! Messages on their way out: the request of each, and what its answer proves.

use super::{Provider, Providers, SendOutcome, message};
use crate::{directory::Route, meta::graph::PreparedSend};

/// The exact request of one message, ready to be sent once.
pub(crate) enum PreparedCall {
    Meta(PreparedSend),
}

/// Why a request cannot be made. Nothing goes out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the channel has no access token that can be decrypted")]
    NoToken,
    #[error(transparent)]
    UnresolvedMedia(#[from] message::UnresolvedMedia),
    #[error("the request could not be built: {0}")]
    Request(String),
}

impl Providers {
    /// Makes the request of a message.
    pub fn prepare(
        &self,
        route: &Route,
        message: &message::Outbound,
        envelope: &message::SendEnvelope<'_>,
    ) -> Result<PreparedCall, Unfit> {
        match route.provider {
            Provider::Meta => {
                let access = route.access().ok_or(Unfit::NoToken)?;
                let body = message.body(envelope)?;
                let marketing = envelope.options.product_policy.is_some();
                let prepared = self.meta.prepare_send(access, marketing, body);
                prepared.map(PreparedCall::Meta).map_err(Unfit::Request)
            }
        }
    }

    /// Makes the call, once, and judges what its answer proves.
    pub async fn send(&self, call: PreparedCall) -> SendOutcome {
        match call {
            PreparedCall::Meta(prepared) => self.meta.send(prepared).await,
        }
    }
}
