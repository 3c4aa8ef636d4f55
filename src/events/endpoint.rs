//! Receivers of events. What one cannot be told is told to the others.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use crate::domain::EndpointId;

#[derive(Serialize, ToSchema)]
pub struct Troubled<'a> {
    pub endpoint_id: EndpointId,
    /// Of its address, with the port where there is one; the rest may hold secrets.
    pub host: &'a str,
    /// Since when nothing but failures.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    pub reason: &'a str,
    /// What was wrong the last time.
    #[schema(required)]
    pub last_error: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
pub struct Test {
    pub endpoint_id: EndpointId,
}

types! {
    FAILING = "endpoint.failing", Troubled<'static>,
        "An endpoint has answered with nothing but failures for half the time after which it is disabled.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-18T09:12:44.120385Z",
            "reason": "nothing but failures for half the time after which it is disabled", "last_error": "it answered 502" });
    DISABLED = "endpoint.disabled", Troubled<'static>,
        "An endpoint was disabled: it answered 410, or with nothing but failures for days.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-16T09:12:44.120385Z",
            "reason": "nothing but failures for five days", "last_error": "it answered 502" });
    TEST = "endpoint.test", Test,
        "Somebody asked for a test delivery to an endpoint. It goes to that one only.",
        json!({ "endpoint_id": sample::ENDPOINT });
}
