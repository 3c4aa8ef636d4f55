//! Receivers of events. What one cannot be told is told to the others.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};

#[derive(Serialize, ToSchema)]
pub struct Troubled<'a> {
    #[schema(pattern = "^ep_[0-9a-f]{32}$")]
    pub endpoint_id: &'a str,
    /// Of its address; the rest may hold secrets.
    pub host: &'a str,
    /// Since when nothing but failures; null for one that said by itself that it is gone.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    /// What was wrong the last time.
    pub reason: &'a str,
}

#[derive(Serialize, ToSchema)]
pub struct Test<'a> {
    #[schema(pattern = "^ep_[0-9a-f]{32}$")]
    pub endpoint_id: &'a str,
    pub message: &'a str,
}

types! {
    FAILING = "endpoint.failing", Troubled<'static>,
        "An endpoint has answered with nothing but failures for half the time after which it is disabled.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-18T09:12:44.120385Z",
            "reason": "it answered 502" });
    DISABLED = "endpoint.disabled", Troubled<'static>,
        "An endpoint was disabled: it answered 410, or with nothing but failures for days.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-16T09:12:44.120385Z",
            "reason": "it answered 502" });
    TEST = "endpoint.test", Test<'static>,
        "Somebody asked for a test delivery to an endpoint. It goes to that one only.",
        json!({ "endpoint_id": sample::ENDPOINT, "message": "This is a test." });
}
