//! A client of a running server's API, for commands that work with one.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::config::Secret;

const TIMEOUT: Duration = Duration::from_secs(30);
/// The path of the API below the address of a server.
const API_PATH: &str = "/api/v1";

/// Where the API is, and the key for it.
#[derive(Debug, clap::Args)]
pub(crate) struct ApiArgs {
    /// Address of the server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    api: String,
    /// API key of the tenant.
    #[arg(long, env = "MAINSTAY_API_KEY", hide_env_values = true, value_parser = secret)]
    api_key: Option<Secret>,
}

impl ApiArgs {
    pub(crate) fn client(&self) -> anyhow::Result<ApiClient> {
        let key = self.api_key.as_ref().filter(|key| !key.expose().is_empty());
        let key = key.context("an API key is needed: set MAINSTAY_API_KEY, or give --api-key")?;
        ApiClient::new(&self.api, key.clone())
    }
}

/// Parses a secret. One that is empty is that of a variable set to nothing, and counts as none.
pub(super) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.trim()))
}

/// A client of the API with the key of a tenant.
#[derive(Clone)]
pub(crate) struct ApiClient {
    http: Client,
    /// The address of the API, without a slash at the end.
    base: String,
    key: Secret,
}

/// A call of the API that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiCallError {
    /// The same call may succeed later: there was no answer, or one of 408, 429 or 5xx.
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Refused(String),
}

/// What an answer with an error says of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ApiProblem {
    title: String,
    detail: String,
}

impl ApiClient {
    /// Makes a client of the server at `url`, with or without the path of the API at its end.
    pub fn new(url: &str, key: Secret) -> anyhow::Result<Self> {
        let url = url.trim().trim_end_matches('/');
        let server = url.strip_suffix(API_PATH).unwrap_or(url);
        let parsed = reqwest::Url::parse(server).with_context(|| format!("--api: {server:?} is not an address"))?;
        let mut http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT);
        if parsed.host_str().is_some_and(is_this_machine) {
            http = http.no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            base: format!("{server}{API_PATH}"),
            key,
        })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiCallError> {
        let answer = self.answer(self.http.get(format!("{}{path}", self.base))).await?;
        answer.json().await.map_err(|error| unanswered(&self.base, &error))
    }

    /// Starts a POST request.
    #[cfg(feature = "simulator")]
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base))
            .bearer_auth(self.key.expose())
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, ApiCallError> {
        let sent = request.bearer_auth(self.key.expose()).send().await;
        let answer = sent.map_err(|error| unanswered(&self.base, &error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: ApiProblem = answer.json().await.unwrap_or_default();
        let says = format!("{} answers {status}: {} {}", self.base, problem.title, problem.detail);
        let says = says.trim_end_matches([':', ' ']).to_owned();
        let passes =
            status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        Err(match passes {
            true => ApiCallError::Unavailable(says),
            false => ApiCallError::Refused(says),
        })
    }
}

fn unanswered(base: &str, error: &reqwest::Error) -> ApiCallError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    ApiCallError::Unavailable(format!("{base} does not answer: {cause}"))
}

fn is_this_machine(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_may_have_the_path_of_the_api() {
        crate::crypto::install_tls();
        for (given, base) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1"),
            ("https://mainstay.example/", "https://mainstay.example/api/v1"),
            ("https://mainstay.example/api/v1/", "https://mainstay.example/api/v1"),
            ("https://example.com/wa", "https://example.com/wa/api/v1"),
        ] {
            assert_eq!(ApiClient::new(given, Secret::new("mk_x")).unwrap().base(), base);
        }
        assert!(ApiClient::new("mainstay.example", Secret::new("mk_x")).is_err());
    }

    #[test]
    fn this_machine_is_told_by_its_names() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }
}
