use axum::{body::Body, http::Request};
use serde_json::json;

use crate::support::{app::TestApp, http::Client};

#[tokio::test]
async fn every_refusal_is_a_problem_with_the_id_of_its_request() {
    let test = TestApp::sqlite().await;
    let client = Client::tenant(&test);
    for (uri, status, kind) in [
        ("/nothing/here", 404, "no-such-route"),
        ("/api/v1/nothing", 404, "no-such-route"),
        ("/api/v1/messages?limit=0", 400, "invalid-request"),
        ("/api/v1/messages?limit=201", 400, "invalid-request"),
        ("/api/v1/messages?limit=ten", 400, "invalid-request"),
        ("/api/v1/messages?cursor=none", 400, "invalid-cursor"),
        ("/api/v1/messages?status=lost", 400, "invalid-request"),
        ("/api/v1/messages?direction=up", 400, "invalid-request"),
        ("/api/v1/messages?channel=msg_1", 400, "invalid-request"),
        ("/api/v1/conversations?q=a%00b", 400, "invalid-request"),
        ("/api/v1/events?after=-1", 400, "invalid-request"),
        (
            "/api/v1/contacts/msg_0198aaaabbbb7ccc8dddeeeeffff0001",
            400,
            "invalid-request",
        ),
        (
            "/api/v1/contacts/con_0198aaaabbbb7ccc8dddeeeeffff0001",
            404,
            "not-found",
        ),
    ] {
        let answer = client.get(uri).await;
        assert_eq!(answer.problem(status), kind, "{uri}");
        let id = answer.header("x-request-id").expect("an id").to_owned();
        assert_eq!(answer.json()["request_id"], id.as_str(), "{uri}");
    }
    let wrong_method = client.delete("/api/v1/channels").await;
    assert_eq!(wrong_method.problem(405), "method-not-allowed");
    assert!(
        wrong_method
            .header("allow")
            .is_some_and(|allowed| allowed.contains("GET"))
    );
    assert_eq!(
        client.delete("/webhooks/whatsapp").await.problem(405),
        "method-not-allowed"
    );
}

#[tokio::test]
async fn a_query_parameter_that_an_operation_does_not_have_is_refused_with_those_it_has() {
    let test = TestApp::sqlite().await;
    let (tenant, operator) = (Client::tenant(&test), Client::operator(&test.app));
    for (client, uri, unknown, known) in [
        (&tenant, "/api/v1/contacts?email=ana@example.com", "`email`", "`phone`"),
        (&tenant, "/api/v1/contacts?limit=5&cursr=x", "`cursr`", "`cursor`"),
        (&tenant, "/api/v1/messages?Status=read", "`Status`", "`status`"),
        (&tenant, "/api/v1/event-types?a%20b=1", "`a b`", "there are none"),
        (&operator, "/admin/tenants?x", "`x`", "there are"),
    ] {
        let answer = client.get(uri).await;
        assert_eq!(answer.problem(400), "invalid-request", "{uri}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(unknown) && detail.contains(known), "{uri}: {detail}");
    }
    tenant.get("/api/v1/contacts?limit=5").await.ok();
    // Not ours to judge: a probe or a scraper may add its own.
    tenant.get("/nowhere?x=1").await.problem(404);
}

#[tokio::test]
async fn a_body_that_is_not_understood_is_a_problem() {
    let test = TestApp::sqlite().await;
    let client = Client::operator(&test.app);
    assert_eq!(
        client.post("/admin/tenants", json!({ "nom": "x" })).await.problem(422),
        "invalid-field"
    );
    let request = |kind: &str, body: String| {
        let request = Request::post("/admin/tenants").header("authorization", "Bearer operator-token-for-tests");
        request.header("content-type", kind).body(Body::from(body)).unwrap()
    };
    assert_eq!(
        client.send(request("text/plain", "{}".into())).await.problem(415),
        "not-json"
    );
    assert_eq!(
        client.send(request("application/json", "{".into())).await.problem(400),
        "invalid-request"
    );
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let refused = client.send(request("application/json", long)).await;
    assert_eq!(
        (refused.problem(413).as_str(), &refused.json()["limit"]),
        ("too-large", &json!(1024 * 1024))
    );
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    let ask = async |id: &str| {
        let request = Request::get("/health/live").header("x-request-id", id);
        let answer = client.send(request.body(Body::empty()).unwrap()).await.ok();
        answer.header("x-request-id").expect("an id").to_owned()
    };
    assert_eq!(ask("trace-1.b:7").await, "trace-1.b:7");
    for bad in ["", "a b", "\"quoted\"", &"x".repeat(129)] {
        assert!(ask(bad).await.starts_with("req_"), "{bad}");
    }
    assert_ne!(ask("").await, ask("").await);
}

#[tokio::test]
async fn a_failure_of_the_database_tells_nothing_of_it() {
    let test = TestApp::sqlite().await;
    let client = Client::tenant(&test);
    client.get("/api/v1/messages").await.ok();
    test.app
        .db
        .sql("ALTER TABLE messages RENAME TO messages_away", ())
        .run()
        .await
        .unwrap();
    let broken = client.get("/api/v1/messages").await;
    assert_eq!(broken.problem(500), "internal");
    assert!(!broken.text().contains("messages") && broken.json()["request_id"].is_string());
    test.app.db.close().await;
    let gone = client.get("/api/v1/messages").await;
    assert_eq!(gone.problem(503), "unavailable");
    assert!(gone.header("retry-after").is_some());
}
