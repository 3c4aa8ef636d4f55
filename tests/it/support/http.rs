//! The HTTP edge without sockets.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode},
};
use mainstay::{app::App, crypto::Signer, http};
use serde_json::Value;
use tower::ServiceExt;

use super::app::{APP_SECRET, TestApp};

pub const ADMIN: &str = "operator-token-for-tests";

/// Sends requests to a router, as somebody or as nobody.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    pub fn of(app: &App) -> Self {
        Self::to(http::router(app.clone()))
    }

    pub fn to(router: Router) -> Self {
        Self { router, token: None }
    }

    /// With the API key of the test's tenant.
    pub fn tenant(test: &TestApp) -> Self {
        Self::of(&test.app).with(&test.key)
    }

    pub fn operator(app: &App) -> Self {
        Self::of(app).with(ADMIN)
    }

    pub fn with(&self, token: &str) -> Self {
        Self {
            router: self.router.clone(),
            token: Some(token.to_owned()),
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router always answers");
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.expect("the answer's body"),
        }
    }

    fn request(&self, method: &str, uri: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(uri);
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn get(&self, uri: &str) -> Answer {
        self.send(self.request("GET", uri).body(Body::empty()).unwrap()).await
    }

    pub async fn delete(&self, uri: &str) -> Answer {
        self.send(self.request("DELETE", uri).body(Body::empty()).unwrap())
            .await
    }

    pub async fn post(&self, uri: &str, body: Value) -> Answer {
        let request = self.request("POST", uri).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Without a body, and without saying what it would be.
    pub async fn post_nothing(&self, uri: &str) -> Answer {
        self.send(self.request("POST", uri).body(Body::empty()).unwrap()).await
    }

    pub async fn patch(&self, uri: &str, body: Value) -> Answer {
        let request = self.request("PATCH", uri).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A file of CSV.
    pub async fn csv(&self, uri: &str, body: impl Into<Body>) -> Answer {
        let request = self.request("POST", uri).header("content-type", "text/csv");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn put(&self, uri: &str, body: Value) -> Answer {
        let request = self.request("PUT", uri).header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    /// Sends a PATCH for the version that the ETag names.
    pub async fn patch_version(&self, uri: &str, etag: &str, body: Value) -> Answer {
        let request = self
            .request("PATCH", uri)
            .header("content-type", "application/json")
            .header("if-match", etag);
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub async fn delete_with(&self, uri: &str, body: Value) -> Answer {
        let request = self.request("DELETE", uri).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// The same with an `Idempotency-Key`.
    pub async fn post_keyed(&self, uri: &str, key: &str, body: &Value) -> Answer {
        let request = self.request("POST", uri).header("content-type", "application/json");
        let request = request.header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// A form with this boundary.
    pub async fn form(&self, uri: &str, boundary: &str, body: impl Into<Body>) -> Answer {
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = self.request("POST", uri).header("content-type", kind);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A webhook signed by `secret`.
    pub async fn webhook(&self, body: &str, secret: &str) -> Answer {
        let signature = Signer::new(secret).header(body.as_bytes());
        let request = Request::post("/webhooks/whatsapp").header("x-hub-signature-256", signature);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn signed(&self, body: &str) -> Answer {
        self.webhook(body, APP_SECRET).await
    }

    /// Every row of a list, page by page, and how many pages that took. The address has a query.
    pub async fn all(&self, uri: &str) -> (Vec<Value>, usize) {
        let (mut rows, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let page = self.get(&format!("{uri}&cursor={cursor}")).await.ok().json();
            pages += 1;
            rows.extend(page["data"].as_array().expect("data is a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return (rows, pages),
            }
        }
    }
}

impl Answer {
    pub fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self
    }

    pub fn created(self) -> Self {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.text());
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("JSON expected: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Fails unless it is a whole problem of this status; tells its type.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body = self.json();
        assert_eq!(body["status"], status);
        for member in ["title", "detail"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        }
        let kind = body["type"]
            .as_str()
            .and_then(|kind| kind.strip_prefix("urn:mainstay:problem:"));
        kind.expect("a type").to_owned()
    }
}
