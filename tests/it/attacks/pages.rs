//! Long messages in lists, forms with much around their fields, and methods nobody knows.

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::server::Server;
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, change, message, text},
};

/// Bytes of one long message: two of them fit into a page of 4 MiB with no third.
const LONG: usize = 1_700_000;

#[both_databases]
async fn a_page_ends_before_it_is_too_long_and_the_next_goes_on(test: TestApp) {
    for n in 0..5 {
        let content = json!({ "type": "text", "text": { "body": "Hello" }, "odd": "x".repeat(LONG) });
        test.receive(&change(
            "messages",
            message(ANA, &format!("wamid.long.{n}"), T0 + n, content),
        ))
        .await;
    }
    test.receive(&text(ANA, "wamid.short", T0 + 9, "Hi")).await;
    let client = Client::tenant(&test);
    let conversation = client.get("/api/v1/conversations").await.ok().json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let in_conversation = format!("/api/v1/conversations/{conversation}/messages?");
    for (list, count) in [
        ("/api/v1/messages?", 6),
        (&in_conversation, 6),
        ("/api/v1/messages?direction=inbound", 6),
    ] {
        let page = client.get(&format!("{list}&limit=200")).await.ok();
        let (bytes, page) = (page.text().len(), page.json());
        assert!(bytes < 3 * LONG, "{list}: {bytes}");
        assert!(page["next_cursor"].is_string(), "{list}: there are more");
        let (rows, _) = client.all(&format!("{list}&limit=200")).await;
        let whole = |row: &&Value| row["payload"]["text"]["body"].is_string();
        assert_eq!(
            (rows.len(), rows.iter().filter(whole).count()),
            (count, count),
            "{list}"
        );
    }
    let mut after = 0;
    let mut wamids = Vec::new();
    loop {
        let page = client
            .get(&format!("/api/v1/events?type=message.received&limit=200&after={after}"))
            .await
            .ok();
        assert!(page.text().len() < 3 * LONG, "{}", page.text().len());
        let page = page.json();
        let events = page["data"].as_array().unwrap();
        wamids.extend(
            events
                .iter()
                .map(|event| event["data"]["message"]["wamid"].as_str().unwrap().to_owned()),
        );
        if page["next_cursor"].is_null() {
            break;
        }
        after = page["after"].as_i64().unwrap();
    }
    let expected = (0..5)
        .map(|n| format!("wamid.long.{n}"))
        .chain(["wamid.short".to_owned()]);
    assert_eq!(wamids, expected.collect::<Vec<_>>());
}

#[both_databases]
async fn much_around_the_fields_of_a_form_is_refused(test: TestApp) {
    let client = Client::tenant(&test);
    let long = "a".repeat(20_000);
    let field = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n";
    for form in [
        long.clone(),
        format!("{long}\r\n{field}\r\n%PDF-1.7\r\n--B--\r\n"),
        format!("{field}x-odd: {long}\r\n\r\n%PDF-1.7\r\n--B--\r\n"),
    ] {
        let request = http::Request::post("/api/v1/media").header("content-type", "multipart/form-data; boundary=B");
        let request = request
            .header("authorization", format!("Bearer {}", test.key))
            .body(form.into())
            .unwrap();
        let answer = client.send(request).await;
        assert_eq!(answer.problem(400), "invalid-request");
        assert!(answer.text().contains("before its first boundary"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_no_label() {
    let server = Server::start(|_| {}).await;
    for method in ["AAAAAA", "BAAAAA", "get"] {
        server
            .say(format!(
                "{method} /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ))
            .await;
    }
    let metrics = server.get("/metrics").await;
    assert!(metrics.contains("method=\"other\""), "{metrics}");
    assert!(!metrics.contains("AAAAAA") && !metrics.contains("method=\"get\""));
    server.running.stop().await;
}
