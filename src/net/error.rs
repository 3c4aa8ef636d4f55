use std::{io::ErrorKind, net::IpAddr};

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
    #[error("it contains a user name or a password; leave them out")]
    Credentials,
    #[error("the address {address} {why}; only public addresses are visited")]
    Address { address: IpAddr, why: &'static str },
    #[error("the name leads to an address that {why}; only public addresses are visited")]
    Name { why: &'static str },
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
    #[error("it takes too long")]
    Timeout,
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("its answer is not HTTP: {0}")]
    Garbage(String),
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        let (mut last, mut garbage) = (String::new(), false);
        while let Some(it) = cause {
            if let Some(refused) = it.downcast_ref::<Refused>() {
                return Self::Refused(refused.clone());
            }
            garbage |= is_garbage(it);
            last = tls(it).unwrap_or_else(|| it.to_string());
            cause = it.source();
        }
        if error.is_timeout() {
            return Self::Timeout;
        }
        if garbage && !error.is_connect() {
            return Self::Garbage(last);
        }
        Self::Unreachable(last)
    }
}

/// What went wrong before anything was encrypted, in words for whoever chose the address.
fn tls(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    while let Some(wrapped) = inner.downcast_ref::<std::io::Error>() {
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
    let body = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    head || matches!(body, Some(ErrorKind::InvalidInput | ErrorKind::InvalidData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_refused_does_not_tell_what_it_resolved_to() {
        let words = Refused::Name {
            why: "is private (RFC 1918)",
        }
        .to_string();
        assert!(words.contains("private") && !words.contains("10."), "{words}");
    }
}
