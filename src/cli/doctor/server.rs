//! Checks the running server.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, StatusCode};
use sha2::{Digest, Sha256};

use super::Finding;
use crate::{
    clock::{Clock, first_uuid_at},
    config::Config,
    crypto::{ApiToken, Signer},
    db::Db,
    domain::WorkState,
    inbound::PROBE_FIELD,
    records::raw_events,
};

const CHECK: &str = "server";
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for a worker to process the probe.
const PROCESSING_LIMIT: Duration = Duration::from_secs(10);
/// Polling interval.
const POLL: Duration = Duration::from_millis(20);

/// Plays Meta towards the running server: the handshake, and webhooks with and without a signature. `db`, if it could be opened, must then
/// hold the probe.
pub async fn check(url: &str, config: &Config, clock: &Clock, db: Option<&Db>) -> anyhow::Result<Vec<Finding>> {
    let client = Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let server = Server {
        client,
        webhooks: format!("{url}/webhooks/whatsapp"),
    };
    let ready = match server.client.get(format!("{url}/health/ready")).send().await {
        Ok(answer) => readiness(url, answer.status()),
        Err(error) => {
            let what = format!("nothing answers at {url}: {}", innermost_cause(&error));
            let cure =
                "start it with `mainstay serve`, or say where it is with --url, or leave this out with --offline";
            return Ok(vec![Finding::fail(CHECK, what, cure)]);
        }
    };
    let mut findings = vec![ready];
    findings.extend(server.handshake(config).await);
    findings.push(server.unsigned().await);
    let Some(secret) = config.app_secrets.first() else {
        let what = "no signed webhook could be posted without META_APP_SECRETS";
        findings.push(Finding::warn(CHECK, what, "set it"));
        return Ok(findings);
    };
    let (since, body) = (clock.now(), probe());
    let signed = server.signed(&body, &Signer::new(secret.expose())).await;
    let stored = !signed.is_failure();
    findings.push(signed);
    if let Some(db) = db.filter(|_| stored) {
        findings.push(processing(db, since, &body).await);
    }
    Ok(findings)
}

struct Server {
    client: Client,
    webhooks: String,
}

impl Server {
    async fn handshake(&self, config: &Config) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(token) = &config.verify_token {
            let challenge = rand::random::<u32>().to_string();
            let right = answer(self.subscribe(token.expose(), &challenge)).await;
            findings.push(match right {
                Ok((StatusCode::OK, body)) if body == challenge => {
                    Finding::ok(CHECK, "Meta's handshake is answered with the challenge")
                }
                other => unexpected(
                    "Meta's handshake with META_VERIFY_TOKEN",
                    &other,
                    "200 and the challenge",
                ),
            });
        }
        let wrong = answer(self.subscribe(ApiToken::generate().expose(), "1")).await;
        findings.push(match wrong {
            Ok((StatusCode::FORBIDDEN, _)) => Finding::ok(CHECK, "a handshake with another token is refused"),
            other => unexpected("a handshake with a wrong token", &other, "403"),
        });
        findings
    }

    fn subscribe(&self, token: &str, challenge: &str) -> RequestBuilder {
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.verify_token", token),
            ("hub.challenge", challenge),
        ];
        self.client.get(&self.webhooks).query(&query)
    }

    async fn unsigned(&self) -> Finding {
        match answer(self.client.post(&self.webhooks).body(probe())).await {
            Ok((StatusCode::FORBIDDEN, _)) => Finding::ok(CHECK, "an unsigned webhook is refused"),
            other => unexpected("an unsigned webhook", &other, "403"),
        }
    }

    async fn signed(&self, body: &str, signer: &Signer) -> Finding {
        let request = self
            .client
            .post(&self.webhooks)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signer.header(body.as_bytes()))
            .body(body.to_owned());
        let start = Instant::now();
        match answer(request).await {
            Ok((StatusCode::OK, _)) => {
                let ms = start.elapsed().as_secs_f64() * 1e3;
                Finding::ok(CHECK, format!("a signed webhook is acknowledged in {ms:.1} ms"))
            }
            other => unexpected("a webhook signed with the first of META_APP_SECRETS", &other, "200"),
        }
    }
}

fn readiness(url: &str, status: StatusCode) -> Finding {
    if status == StatusCode::OK {
        Finding::ok(CHECK, format!("{url} is ready"))
    } else {
        Finding::fail(
            CHECK,
            format!("{url} answers {status} when asked whether it is ready"),
            "see GET /health",
        )
    }
}

/// Returns a unique webhook that belongs to no tenant.
fn probe() -> String {
    let nonce = hex::encode(rand::random::<[u8; 16]>());
    let change = serde_json::json!({ "field": PROBE_FIELD, "value": { "probe": nonce } });
    serde_json::json!({ "object": "whatsapp_business_account", "entry": [{ "id": "0", "changes": [change] }] })
        .to_string()
}

async fn answer(request: RequestBuilder) -> reqwest::Result<(StatusCode, String)> {
    let answer = request.send().await?;
    Ok((answer.status(), answer.text().await?))
}

fn unexpected(what: &str, got: &reqwest::Result<(StatusCode, String)>, expected: &str) -> Finding {
    let got = match got {
        Ok((status, _)) => format!("was answered {status}"),
        Err(error) => format!("got no answer: {}", innermost_cause(error)),
    };
    let cure = format!(
        "expected {expected}: see that the server was started with the same environment, and that no proxy in \
                        between changes requests"
    );
    Finding::fail(CHECK, format!("{what} {got}"), cure)
}

/// Returns the innermost cause of an error, which says most.
fn innermost_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Polls the database until a worker has processed the probe.
async fn processing(db: &Db, since: DateTime<Utc>, body: &str) -> Finding {
    let digest: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    let start = Instant::now();
    loop {
        let state = match raw_events::state_by_digest(db.reader(), first_uuid_at(since), digest).await {
            Ok(state) => state,
            Err(error) => {
                return Finding::fail(
                    CHECK,
                    format!("the probe cannot be looked up: {error}"),
                    "see the database",
                );
            }
        };
        let Some(state) = state else {
            let what = "the acknowledged probe is not in the database of DATABASE_URL";
            return Finding::fail(CHECK, what, "give this command the environment of the server");
        };
        if !matches!(WorkState::parse(&state), Some(WorkState::Pending | WorkState::Running)) {
            let ms = start.elapsed().as_secs_f64() * 1e3;
            return Finding::ok(CHECK, format!("the webhook was stored and processed within {ms:.0} ms"));
        }
        if start.elapsed() > PROCESSING_LIMIT {
            let what = format!(
                "the webhook was stored, and is still {state} after {} s",
                PROCESSING_LIMIT.as_secs()
            );
            return Finding::warn(
                CHECK,
                what,
                "see that a worker runs, and GET /admin/queues for a backlog or a pause",
            );
        }
        tokio::time::sleep(POLL).await;
    }
}
