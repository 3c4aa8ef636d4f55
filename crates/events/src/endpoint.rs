//! Events of endpoints. An endpoint that is disabled does not receive its own event; the others do.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::EndpointId;

/// An endpoint that fails or was disabled.
#[derive(Serialize, ToSchema)]
pub struct EndpointTrouble<'a> {
    pub endpoint_id: EndpointId,
    /// Host of its URL, with the port if there is one. The rest may contain secrets.
    pub host: &'a str,
    /// Start of the uninterrupted failures.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    pub reason: &'a str,
    /// Error of the last attempt.
    #[schema(required)]
    pub last_error: Option<&'a str>,
}

/// A test delivery.
#[derive(Serialize, ToSchema)]
pub struct Test {
    pub endpoint_id: EndpointId,
}

types! {
    FAILING = "endpoint.failing", EndpointTrouble<'static>,
        "An endpoint has failed without a success for half the time after which it is disabled.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-18T09:12:44.120385Z",
            "reason": "nothing but failures for half the time after which it is disabled", "last_error": "it answered 502" });
    DISABLED = "endpoint.disabled", EndpointTrouble<'static>,
        "An endpoint was disabled: it answered 410, or failed for days without a success.",
        json!({ "endpoint_id": sample::ENDPOINT, "host": "hooks.example.com", "since": "2026-09-16T09:12:44.120385Z",
            "reason": "nothing but failures for five days", "last_error": "it answered 502" });
    TEST = "endpoint.test", Test,
        "A test delivery to an endpoint was requested. Only that endpoint receives it.",
        json!({ "endpoint_id": sample::ENDPOINT });
}
