//! The HTTP half: one POST, and the handshake.

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};

use crate::signature::{LEGACY_SIGNATURE_HEADER, SIGNATURE_HEADER, legacy_lookalike};

/// What the receiver answered in the GET handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub status: StatusCode,
    /// Whether the body was the challenge and nothing else.
    pub echoed: bool,
}

/// A client that posts to one callback URL.
#[derive(Clone, Debug)]
pub(crate) struct Courier {
    client: Client,
    callback_url: String,
}

impl Courier {
    pub fn new(callback_url: &str, request_timeout: Duration) -> anyhow::Result<Self> {
        // A second provider in one process is refused, and the first one serves as well.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .timeout(request_timeout)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("facebookexternalua")
            .build()
            .context("building the HTTP client")?;
        Ok(Self {
            client,
            callback_url: callback_url.to_owned(),
        })
    }

    /// Posts the exact bytes, to the app's callback URL or an override. The answer's body is not read: Meta does not care
    /// for it.
    pub async fn post(
        &self,
        to: Option<&str>,
        body: Bytes,
        signature: Option<&str>,
        legacy_with: Option<&str>,
    ) -> reqwest::Result<StatusCode> {
        let mut request = self
            .client
            .post(to.unwrap_or(&self.callback_url))
            .header(CONTENT_TYPE, "application/json");
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature);
        }
        if let Some(app_secret) = legacy_with {
            request = request.header(LEGACY_SIGNATURE_HEADER, legacy_lookalike(app_secret, &body));
        }
        Ok(request.body(body).send().await?.status())
    }

    /// The GET by which Meta makes sure that the app's callback, or an override, is the operator's.
    pub async fn handshake(&self, to: Option<&str>, verify_token: &str, challenge: &str) -> reqwest::Result<Handshake> {
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.challenge", challenge),
            ("hub.verify_token", verify_token),
        ];
        let answer = self
            .client
            .get(to.unwrap_or(&self.callback_url))
            .query(&query)
            .send()
            .await?;
        let status = answer.status();
        let echoed = answer.bytes().await? == challenge.as_bytes();
        Ok(Handshake { status, echoed })
    }
}
