//! Endpoint URLs: checks and masking.

use super::Error;
use crate::{
    egress::{EgressClient, UrlRefused},
    meta::message::Invalid,
};

/// Replaces each value in the query of a displayed URL.
const MASK: &str = "***";

/// Checks the URL of an endpoint and returns it in the form that is stored.
pub(super) fn check(egress: &EgressClient, text: &str) -> Result<String, Error> {
    let target = egress.check(text).map_err(|why| refused(&why))?;
    let url = target.url();
    if url
        .query()
        .is_some_and(|query| values(query).any(|value| value == MASK))
    {
        let problem = format!("holds {MASK} in place of a value that is not shown; write the value itself");
        return Err(Invalid::new("url", problem).into());
    }
    Ok(url.as_str().to_owned())
}

fn refused(why: &UrlRefused) -> Invalid {
    match why {
        UrlRefused::TooLong { max } => Invalid::new("url", why.to_string()).limit(*max),
        UrlRefused::Credentials => {
            let advice = "contains a user name or a password; send them in `headers`, which are kept sealed: \
                          {\"authorization\": \"Basic …\"}";
            Invalid::new("url", advice)
        }
        _ => Invalid::new("url", why.to_string()),
    }
}

/// Returns the URL of an endpoint for display: each value in its query is masked, for it may be a secret.
pub(crate) fn masked(address: &str) -> String {
    // Stored without a fragment.
    let Some((path, query)) = address.split_once('?').filter(|(_, query)| !query.is_empty()) else {
        return address.to_owned();
    };
    let one = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    };
    let all: Vec<String> = query.split('&').map(one).collect();
    format!("{path}?{}", all.join("&"))
}

fn values(query: &str) -> impl Iterator<Item = &str> {
    query
        .split('&')
        .map(|parameter| parameter.split_once('=').map_or(parameter, |(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_query_are_masked_and_nothing_else() {
        for (address, expected) in [
            ("https://example.com/hook", "https://example.com/hook"),
            ("https://example.com/hook?", "https://example.com/hook?"),
            (
                "https://example.com/hook?token=s3cret&x=",
                "https://example.com/hook?token=***&x=***",
            ),
            ("https://example.com/hook?s3cret", "https://example.com/hook?***"),
            ("https://example.com/hook?a=b=c", "https://example.com/hook?a=***"),
        ] {
            assert_eq!(masked(address), expected, "{address}");
        }
    }
}
