use std::sync::Arc;

use axum::{body::Body, http::Request, routing::get};
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;

async fn framed_get(handler: axum::routing::MethodRouter, limit: Duration) -> axum::response::Response {
    let request_context = RequestContext {
        clock: Clock::default(),
        memory: Arc::new(crate::memory::MemoryBudget::new(0)),
        limit,
    };
    let routes = Router::new().route("/", handler);
    let request = Request::get("/").body(Body::empty()).unwrap();
    wrap(routes, request_context).oneshot(request).await.unwrap()
}

async fn body(response: axum::response::Response) -> serde_json::Value {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_panic_becomes_a_problem_that_says_nothing_of_it() {
    async fn panics() {
        panic!("a secret thought");
    }
    let response = framed_get(get(panics), LIMIT).await;
    assert_eq!(response.status().as_u16(), 500);
    let body = body(response).await;
    assert_eq!(body["type"], "urn:mainstay:problem:internal");
    assert!(body["request_id"].is_string() && !body.to_string().contains("secret"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let response = framed_get(get(std::future::pending::<()>), Duration::from_millis(5)).await;
    assert_eq!(response.status().as_u16(), 504);
    assert_eq!(body(response).await["type"], "urn:mainstay:problem:too-slow");
}
