//! Errors of requests to addresses chosen by tenants.

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
};

use super::read_budget::{BudgetExhausted, HEAD_BUDGET};

/// The reason why an address is refused. The messages are for the tenant who chose it. Those about a name do not reveal what it resolved
/// to, which may be a secret of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    #[error("not a valid URL ({0}); use e.g. https://example.com/path")]
    InvalidUrl(String),
    #[error("longer than {max} bytes")]
    TooLong { max: usize },
    #[error("does not begin with https://")]
    Scheme,
    #[error("the port is reserved for other services; use 443, or one from 1024 up")]
    Port,
    #[error("contains a user name or a password; remove them")]
    Credentials,
    #[error("the address {address} {why}; only public addresses are allowed")]
    Address { address: IpAddr, why: &'static str },
    /// Does not resolve, or resolves to an address that is not public. The two are not distinguished: otherwise a tenant could probe the
    /// names of this network.
    #[error(
        "the name does not resolve to a public address; check its spelling, and that it resolves on the public internet"
    )]
    Name,
}

/// An error of a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] UrlRefused),
    #[error("the server redirects (status {0}), which is not followed; use the final address")]
    Redirected(u16),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the response is longer than {max} bytes")]
    TooLarge { max: u64 },
    #[error("the server sent more than {max} bytes without a response")]
    Endless { max: u64 },
    #[error("timed out")]
    Timeout,
    #[error("unreachable: {0}")]
    Unreachable(String),
    #[error("invalid HTTP response: {0}")]
    InvalidHttp(String),
}

impl From<hyper_util::client::legacy::Error> for Error {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        let connected = !error.is_connect();
        Self::of(&error, connected)
    }
}

/// Converts an error of a response body.
impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Self::of(&error, true)
    }
}

impl Error {
    /// Converts [`Error::Endless`] to [`Error::TooLarge`], for a body limited to `max` bytes.
    pub(super) fn with_limit(self, max: u64) -> Self {
        match self {
            Self::Endless { .. } => Self::TooLarge { max },
            other => other,
        }
    }

    fn of(error: &(dyn std::error::Error + 'static), connected: bool) -> Self {
        let mut cause = Some(error);
        let (mut last, mut is_invalid) = (String::new(), false);
        while let Some(it) = cause {
            if let Some(refused) = it.downcast_ref::<UrlRefused>() {
                return Self::Refused(refused.clone());
            }
            if is_exhausted(it) {
                return Self::Endless { max: HEAD_BUDGET };
            }
            if it
                .downcast_ref()
                .is_some_and(|io: &io::Error| io.kind() == ErrorKind::TimedOut)
            {
                return Self::Timeout;
            }
            is_invalid |= is_parse_error(it);
            last = tls_message(it).unwrap_or_else(|| it.to_string());
            cause = it.source();
        }
        match is_invalid && connected {
            true => Self::InvalidHttp(last),
            false => Self::Unreachable(last),
        }
    }
}

/// Returns whether a connection ended because its [read budget](super::read_budget::ReadBudget) was exhausted.
fn is_exhausted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    while let Some(it) = inner {
        if it.is::<BudgetExhausted>() {
            return true;
        }
        inner = it.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    }
    false
}

/// Returns the message of a TLS error, for the tenant.
fn tls_message(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    while let Some(wrapped) = inner.downcast_ref::<io::Error>() {
        inner = wrapped.get_ref()?;
    }
    match inner.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidMessage(_) => {
            Some("the server does not speak TLS; check the port, and whether it is http".into())
        }
        rustls::Error::InvalidCertificate(why) => Some(format!("certificate not accepted: {why}")),
        error => Some(format!("TLS connection failed: {error}")),
    }
}

/// Returns whether hyper could not parse a response: its head, or chunk sizes.
fn is_parse_error(error: &(dyn std::error::Error + 'static)) -> bool {
    let head = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
    let body = error.downcast_ref::<io::Error>().map(io::Error::kind);
    head || matches!(body, Some(ErrorKind::InvalidInput | ErrorKind::InvalidData))
}
