//! Signatures that others verify, over real requests.

use std::{fs, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue};
use mainstay::{
    config,
    crypto::{WebhookSecret, standard_webhooks as webhooks},
    egress::{EgressClient, Post},
};

use super::page::{Installed, example, say};
use crate::support::{folder::Folder, process::command, wait::free_port};

const ID: &str = "evt_0198aaaabbbb7ccc8dddeeeeffff0001";
/// With letters of more than one byte, an escape and a full stop.
const BODY: &str =
    r#"{"type":"message.received","timestamp":"2026-11-21T20:00:00Z","data":{"text":"Grüße 👋 \"ok\" 1.5"}}"#;

struct Attempt<'a> {
    secrets: Vec<&'a WebhookSecret>,
    id: &'a str,
    at: DateTime<Utc>,
    /// What is sent; what is signed is [`BODY`].
    body: &'static str,
}

impl<'a> Attempt<'a> {
    fn signed_by(secrets: Vec<&'a WebhookSecret>) -> Self {
        Self {
            secrets,
            id: ID,
            at: Utc::now(),
            body: BODY,
        }
    }

    /// Sends it as the deliverer does; gives the status.
    async fn status(&self, egress: &EgressClient, url: &str) -> u16 {
        let signed = webhooks::sign(self.secrets.iter().copied(), self.id, self.at, BODY.as_bytes());
        let header = |value: &str| HeaderValue::from_str(value).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", header("application/json"));
        headers.insert(webhooks::ID, header(self.id));
        headers.insert(webhooks::TIMESTAMP, header(&signed.timestamp));
        headers.insert(webhooks::SIGNATURE, header(&signed.signature));
        let target = egress.check(url).unwrap();
        let posted = egress.post(Post {
            target: &target,
            headers,
            body: Bytes::from_static(self.body.as_bytes()),
            timeout: Duration::from_secs(15),
            max_body_bytes: 4_096,
        });
        let posted = posted.await;
        posted.reply.unwrap_or_else(|| panic!("{:?}", posted.error)).status
    }
}

fn egress() -> EgressClient {
    let policy = config::EgressPolicy {
        plain_http: true,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
    };
    EgressClient::new(policy).unwrap()
}

#[tokio::test]
async fn the_published_libraries_take_what_we_sign_and_nothing_else() {
    let (egress, ours, next, others) = (
        egress(),
        WebhookSecret::generate(),
        WebhookSecret::generate(),
        WebhookSecret::generate(),
    );
    for installed in Installed::all().await.iter() {
        let receiver = installed.start(ours.expose(), free_port()).await;
        let ask = async |attempt: Attempt<'_>| attempt.status(&egress, &receiver.url).await;
        let now = Utc::now();
        let good = || Attempt::signed_by(vec![&ours]);
        for (what, expected, attempt) in [
            ("as it is", 200, good()),
            ("the same again", 200, good()),
            (
                "by two secrets, the new one first",
                200,
                Attempt::signed_by(vec![&next, &ours]),
            ),
            (
                "by two secrets, the old one first",
                200,
                Attempt::signed_by(vec![&ours, &next]),
            ),
            ("by another secret", 400, Attempt::signed_by(vec![&others])),
            ("by two other secrets", 400, Attempt::signed_by(vec![&others, &next])),
            ("by nobody", 400, Attempt::signed_by(Vec::new())),
            (
                "another body",
                400,
                Attempt {
                    body: r#"{"type":"message.received"}"#,
                    ..good()
                },
            ),
            (
                "too old",
                400,
                Attempt {
                    at: now - TimeDelta::minutes(6),
                    ..good()
                },
            ),
            (
                "too new",
                400,
                Attempt {
                    at: now + TimeDelta::minutes(6),
                    ..good()
                },
            ),
        ] {
            assert_eq!(ask(attempt).await, expected, "{}: {what}", installed.language);
        }
        // Good requests had one id, and a receiver that keeps them apart by it has seen one event, with every letter of it.
        let output = receiver.process.output();
        let seen = output.matches("message.received").count();
        assert_eq!(seen, 1, "{}: {output}", installed.language);
        assert!(output.contains("Grüße 👋"), "{}: {output}", installed.language);
    }
}

#[test]
fn what_the_page_says_of_verifying_by_hand_gives_our_signature() {
    let folder = Folder::new("by-hand");
    let secret = WebhookSecret::generate();
    let signed = webhooks::sign([&secret], ID, Utc::now(), BODY.as_bytes());
    fs::write(folder.path().join("body.json"), BODY).unwrap();
    let environment = [
        ("WEBHOOK_SECRET", secret.expose()),
        ("id", ID),
        ("timestamp", signed.timestamp.as_str()),
    ];
    if command("openssl", &["version"], &[]).output().is_err() {
        return say("SKIPPED: there is no openssl here to verify a signature by hand");
    }
    let mut shell = command("sh", &["-eu", "-c", &example("By hand")], &environment);
    let made = shell.current_dir(folder.path()).output().unwrap();
    let made = format!("v1,{}", String::from_utf8(made.stdout).unwrap().trim());
    assert_eq!(made, signed.signature);
}
