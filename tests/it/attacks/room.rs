//! Slow and large requests of one tenant, and the room they leave to others.

use axum::{body::Body, http::Request};
use bytes::Bytes;
use futures::channel::mpsc;
use mainstay::{app::App, tenancy};
use mainstay_test_macros::both_databases;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    media::stage::{DEADLINE, pdf},
    support::{
        app::TestApp,
        http::{Answer, Client},
        wait::wait_until,
    },
};

const MIB: usize = 1024 * 1024;
/// The least there can be; a tenant has 4 MiB of it.
const BUDGET: usize = 16 * MIB;

/// A request whose body has begun and does not go on.
struct Slow {
    more: mpsc::UnboundedSender<Result<Bytes, std::io::Error>>,
    answer: JoinHandle<Answer>,
}

impl Slow {
    /// Sends so many bytes of it.
    fn begin(client: &Client, key: &str, uri: &str, kind: &str, begin: Vec<u8>) -> Self {
        let (more, body) = mpsc::unbounded();
        let request = Request::post(uri)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", kind)
            .body(Body::from_stream(body))
            .unwrap();
        more.unbounded_send(Ok(begin.into())).unwrap();
        let client = client.clone();
        let answer = tokio::spawn(async move { client.send(request).await });
        Self { more, answer }
    }

    fn upload(client: &Client, key: &str, length: usize) -> Self {
        let mut begin = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n".to_vec();
        begin.extend(pdf(length));
        Self::begin(client, key, "/api/v1/media", "multipart/form-data; boundary=x", begin)
    }

    fn batch(client: &Client, key: &str, length: usize) -> Self {
        Self::begin(
            client,
            key,
            "/api/v1/messages/batch",
            "application/json",
            vec![b' '; length],
        )
    }

    async fn end(self, end: &'static [u8]) -> Answer {
        let _ = self.more.unbounded_send(Ok(Bytes::from_static(end)));
        drop(self.more);
        self.answer.await.unwrap()
    }
}

/// The application with little room, a client of it, and the key of another tenant.
async fn little_room(test: &TestApp) -> (App, Client, String) {
    let app = test.configured(|config| config.limits.request_bytes = BUDGET);
    let (_, other) = tenancy::create_tenant(&test.registry, "Books").await.unwrap();
    let client = Client::of(&app);
    (app, client, other.token.expose().to_owned())
}

/// Bytes of the budget that nobody holds.
async fn free(client: &Client) -> usize {
    let metrics = client.get("/metrics").await.ok().text();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("mainstay_request_bytes{state=\"free\"}"));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .expect("the metric")
}

async fn upload(client: &Client, key: &str) -> Answer {
    client
        .with(key)
        .post(
            "/api/v1/media/import",
            json!({ "base64": "JVBERi0xLjcK", "mime_type": "application/pdf" }),
        )
        .await
}

#[both_databases]
async fn slow_uploads_hold_what_they_sent_and_refuse_nobody(test: TestApp) {
    let (_, client, other) = little_room(&test).await;
    let slow: Vec<Slow> = (0..40).map(|_| Slow::upload(&client, &test.key, 50)).collect();
    wait_until(DEADLINE, "they have begun", async || free(&client).await < BUDGET).await;
    for key in [&test.key, &other] {
        assert_eq!(upload(&client, key).await.status.as_u16(), 201);
    }
    for slow in slow {
        assert_eq!(slow.end(b"\r\n--x--\r\n").await.status.as_u16(), 201);
    }
    assert_eq!(free(&client).await, BUDGET, "everything is given back");
}

#[both_databases]
async fn who_fills_a_share_with_uploads_is_refused_and_nobody_else(test: TestApp) {
    let (_, client, other) = little_room(&test).await;
    let slow: Vec<Slow> = (0..3).map(|_| Slow::upload(&client, &test.key, MIB + 1_000)).collect();
    wait_until(DEADLINE, "they are there", async || {
        free(&client).await <= BUDGET - 3 * MIB
    })
    .await;
    let refused = Slow::upload(&client, &test.key, 2 * MIB).end(b"\r\n--x--\r\n").await;
    assert_eq!(
        (refused.problem(503).as_str(), refused.header("retry-after")),
        ("busy", Some("2"))
    );
    assert!(refused.text().contains("4194304 bytes"), "{}", refused.text());
    assert_eq!(upload(&client, &other).await.status.as_u16(), 201);
    assert_eq!(
        upload(&client, &test.key).await.status.as_u16(),
        201,
        "what fits is taken"
    );
    for slow in slow {
        assert_eq!(slow.end(b"\r\n--x--\r\n").await.status.as_u16(), 201);
    }
}

#[both_databases]
async fn slow_batches_of_one_tenant_leave_room_to_others(test: TestApp) {
    let (_, client, other) = little_room(&test).await;
    let slow: Vec<Slow> = (0..2).map(|_| Slow::batch(&client, &test.key, 3 * MIB / 2)).collect();
    wait_until(DEADLINE, "they are there", async || {
        free(&client).await <= BUDGET - 3 * MIB
    })
    .await;
    assert_eq!(
        Slow::batch(&client, &test.key, 3 * MIB / 2)
            .end(b"{}")
            .await
            .problem(503),
        "busy"
    );
    let whole = Slow::batch(&client, &other, 3 * MIB / 2)
        .end(br#"{"messages":[{}]}"#)
        .await
        .ok();
    assert_eq!(whole.json()["results"][0]["problem"]["status"], 422);
    for slow in slow {
        slow.answer.abort();
    }
    wait_until(DEADLINE, "what they held is given back", async || {
        free(&client).await == BUDGET
    })
    .await;
}

#[both_databases]
async fn no_body_is_longer_than_half_a_share(test: TestApp) {
    let (_, client, _) = little_room(&test).await;
    let refused = Slow::batch(&client, &test.key, 5 * MIB).end(b"{}").await;
    assert_eq!(refused.problem(413), "too-large");
    assert_eq!(refused.json()["limit"], 2 * MIB, "half a share");
    let announced = Body::from(vec![b' '; 5 * MIB]);
    let request = Request::post("/api/v1/messages/batch").header("authorization", format!("Bearer {}", test.key));
    let request = request
        .header("content-type", "application/json")
        .body(announced)
        .unwrap();
    assert_eq!(client.send(request).await.problem(413), "too-large");
}

#[both_databases]
async fn what_a_body_unpacks_to_is_charged_too(test: TestApp) {
    let (_, client, _) = little_room(&test).await;
    let client = client.with(&test.key);
    let many = |count: usize| json!({ "ids": vec![json!({ "a": 0 }); count] });
    let refused = client.post("/api/v1/messages/cancel", many(5_000)).await;
    assert_eq!(
        (refused.problem(422).as_str(), &refused.json()["limit"]),
        ("too-many-values", &json!(10_000))
    );
    assert_eq!(
        client.post("/api/v1/messages/cancel", many(4_900)).await.problem(503),
        "busy",
        "4.7 MiB"
    );
    assert_eq!(
        client.post("/api/v1/messages/cancel", many(3_000)).await.problem(422),
        "invalid-field"
    );
    let messages = json!({ "messages": [many(5_000), many(4_900), many(3_000)] });
    let answer = client.post("/api/v1/messages/batch", messages).await.ok().json();
    let statuses: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["problem"]["status"].clone())
        .collect();
    assert_eq!(statuses, [422, 503, 422], "each by itself: {answer}");
    assert_eq!(free(&client).await, BUDGET);
}

#[both_databases]
async fn a_long_batch_is_several_commits_and_each_message_has_its_answer(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let text = "\u{1f600}".repeat(4_096);
    let message = |n: usize| match n % 100 {
        99 => json!({ "type": "text" }),
        _ => {
            json!({ "channel_id": channel, "to": { "phone": format!("+4915123{n:06}") }, "type": "text", "text": { "body": text }, "if_window_closed": "queue" })
        }
    };
    let batch = json!({ "messages": (0..600).map(message).collect::<Vec<_>>() });
    let answer = client
        .post_keyed("/api/v1/messages/batch", "long", &batch)
        .await
        .ok()
        .json();
    for (n, result) in answer["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!(result["message"]["id"].is_null(), n % 100 == 99, "{n}: {result}");
    }
    let again = client
        .post_keyed("/api/v1/messages/batch", "long", &batch)
        .await
        .ok()
        .json();
    assert_eq!(again, answer);
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 594);
}
