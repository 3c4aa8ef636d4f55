use std::{
    io::{self, ErrorKind},
    net::IpAddr,
};

use super::allowance::{BEFORE_ANSWER, UsedUp};

/// An address that is not visited. The words are for whoever chose it; those about a name keep to themselves what it resolved to, for
/// that may be a secret of the network this runs in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is no URL ({0}); write e.g. https://example.com/path")]
    NoUrl(String),
    #[error("it is longer than {most} bytes")]
    TooLong { most: usize },
    #[error("it does not begin with https://")]
    Scheme,
    #[error("it names a port that is kept for other services; use 443, or one from 1024 on")]
    Port,
    #[error("it contains a user name or a password; leave them out")]
    Credentials,
    #[error("the address {address} {why}; only public addresses are visited")]
    Address { address: IpAddr, why: &'static str },
    /// It does not resolve, or leads to an address that is not public. Which of the two is not told: the answer would show whoever chose
    /// the name what names there are in the network this runs in.
    #[error(
        "the name does not lead to a public address; check its spelling, and that it resolves on the public internet"
    )]
    Name,
}

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("it redirects elsewhere (status {0}), which is not followed; give the final address")]
    Redirected(u16),
    #[error("it answers with status {0}")]
    Status(u16),
    #[error("the answer is longer than {most} bytes")]
    TooLarge { most: u64 },
    #[error("it sends more than {most} bytes that are no answer")]
    Endless { most: u64 },
    #[error("it takes too long")]
    Timeout,
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("its answer is not HTTP: {0}")]
    Garbage(String),
}

impl From<hyper_util::client::legacy::Error> for Error {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        let connected = !error.is_connect();
        Self::of(&error, connected)
    }
}

/// Of the body of an answer.
impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Self::of(&error, true)
    }
}

impl Error {
    /// The same, of a body that may have `most` bytes.
    pub(super) fn within(self, most: u64) -> Self {
        match self {
            Self::Endless { .. } => Self::TooLarge { most },
            other => other,
        }
    }

    fn of(error: &(dyn std::error::Error + 'static), connected: bool) -> Self {
        let mut cause = Some(error);
        let (mut last, mut garbage) = (String::new(), false);
        while let Some(it) = cause {
            if let Some(refused) = it.downcast_ref::<Refused>() {
                return Self::Refused(refused.clone());
            }
            if is_used_up(it) {
                return Self::Endless { most: BEFORE_ANSWER };
            }
            if it
                .downcast_ref()
                .is_some_and(|io: &io::Error| io.kind() == ErrorKind::TimedOut)
            {
                return Self::Timeout;
            }
            garbage |= is_garbage(it);
            last = tls(it).unwrap_or_else(|| it.to_string());
            cause = it.source();
        }
        match garbage && connected {
            true => Self::Garbage(last),
            false => Self::Unreachable(last),
        }
    }
}

/// Whether a connection ended because its [allowance](super::allowance::Allowance) was used up.
fn is_used_up(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    while let Some(it) = inner {
        if it.is::<UsedUp>() {
            return true;
        }
        inner = it.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    }
    false
}

/// What went wrong before anything was encrypted, in words for whoever chose the address.
fn tls(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    while let Some(wrapped) = inner.downcast_ref::<io::Error>() {
        inner = wrapped.get_ref()?;
    }
    match inner.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidMessage(_) => {
            Some("what answers there is not TLS; look at the port, and whether it is http".into())
        }
        rustls::Error::InvalidCertificate(why) => Some(format!("its certificate is not accepted: {why}")),
        error => Some(format!("no TLS connection comes about: {error}")),
    }
}

/// Whether hyper could not read an answer: its head, or the lengths of its pieces.
fn is_garbage(error: &(dyn std::error::Error + 'static)) -> bool {
    let head = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
    let body = error.downcast_ref::<io::Error>().map(io::Error::kind);
    head || matches!(body, Some(ErrorKind::InvalidInput | ErrorKind::InvalidData))
}
