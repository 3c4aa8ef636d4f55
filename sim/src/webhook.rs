//! A body ready to be posted, and what it holds.

use std::sync::Arc;

use axum::body::Bytes;

use crate::signature::sign;
use crate::{InboundFile, Item};

/// Whether a body is Meta's, and if not, what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// Meta's own: rightly signed, redelivered until answered 200.
    Genuine,
    /// Rightly signed, but not a webhook. Posted once; whatever the answer, the receiver must survive it.
    Garbage,
    /// Signed with another app's secret. Posted once; a 200 means that the receiver was fooled.
    WrongSecret,
    /// The signature does not belong to the body. Posted once.
    BadSignature,
    /// No signature at all. Posted once.
    Unsigned,
}

impl Authenticity {
    /// Whether the receiver must not accept it.
    pub fn is_forged(self) -> bool {
        matches!(self, Self::WrongSecret | Self::BadSignature | Self::Unsigned)
    }
}

/// One POST, before it is sent.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The exact bytes; they are what is signed.
    pub body: Bytes,
    /// What the body tells. In a forged one: what must never be found at the receiver.
    pub items: Vec<Item>,
    /// The files the body names; a simulator whose Graph API is served hands them out.
    pub files: Vec<InboundFile>,
    /// An override in place of the app's callback URL.
    pub callback_url: Option<Arc<str>>,
    pub authenticity: Authenticity,
    /// Whether the legacy signature header goes with it.
    pub legacy_header: bool,
    /// Whether the first 200 for it gets lost on the way back.
    pub answer_is_lost: bool,
}

impl Webhook {
    /// The value of `X-Hub-Signature-256` that goes with the body; none for an unsigned one.
    pub fn signature(&self, app_secret: &str) -> Option<String> {
        match self.authenticity {
            Authenticity::Genuine | Authenticity::Garbage => Some(sign(app_secret, &self.body)),
            Authenticity::WrongSecret => Some(sign(&format!("{app_secret}, of another app"), &self.body)),
            Authenticity::BadSignature => {
                let mut signature = sign(app_secret, &self.body);
                let last = signature.pop();
                signature.push(if last == Some('0') { '1' } else { '0' });
                Some(signature)
            }
            Authenticity::Unsigned => None,
        }
    }
}
