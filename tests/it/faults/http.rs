//! Requests of a test's own, beside those of the simulator.

use std::time::Duration;

use mainstay_sim::{SIGNATURE_HEADER, SimConfig, sign};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::support::deployment::{ADMIN_TOKEN, Deployment};

/// A webhook rightly signed that tells nothing, so that no ledger misses it.
const SAYS_NOTHING: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;

pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Client {
    pub fn of(deployment: &Deployment) -> Self {
        Self::to(deployment.url(""))
    }

    pub fn to(base: String) -> Self {
        // A second provider in one process is refused, and the first one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build();
        Self {
            http: http.expect("the client can be built"),
            base,
            token: ADMIN_TOKEN.to_owned(),
        }
    }

    /// With another token than the operator's.
    pub fn with(self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self
        }
    }

    /// As the operator, in case it is asked for.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path)).bearer_auth(&self.token)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.http.post(self.url(path)).bearer_auth(&self.token).json(body)).await
    }

    pub async fn post_webhook(&self) -> Answer {
        let secret = SimConfig::default().app_secret;
        self.post_signed(SAYS_NOTHING, &secret).await
    }

    /// The same with so many blanks after it.
    pub async fn post_padded_webhook(&self, blanks: usize) -> Answer {
        let body = SAYS_NOTHING.to_owned() + &" ".repeat(blanks);
        self.post_signed(body, &SimConfig::default().app_secret).await
    }

    /// How a webhook was answered, if it was.
    pub async fn try_webhook(&self) -> Option<u16> {
        let signature = sign(&SimConfig::default().app_secret, SAYS_NOTHING.as_bytes());
        let request = self
            .http
            .post(self.url("/webhooks/whatsapp"))
            .header(SIGNATURE_HEADER, signature);
        request
            .body(SAYS_NOTHING)
            .send()
            .await
            .ok()
            .map(|answer| answer.status().as_u16())
    }

    /// A webhook with any body, signed with any secret.
    pub async fn post_signed(&self, body: impl Into<String>, app_secret: &str) -> Answer {
        let body = body.into();
        let signature = sign(app_secret, body.as_bytes());
        let request = self.http.post(self.url("/webhooks/whatsapp"));
        answer(request.header(SIGNATURE_HEADER, signature).body(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("every request is answered");
    let retry_after = response.headers().get("retry-after");
    Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|it| it.to_str().expect("a number").to_owned()),
        body: response.json().await.unwrap_or_default(),
    }
}
