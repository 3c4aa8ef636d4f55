//! The bodies that create and change an endpoint.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::ChannelId,
    http::extract::given,
    webhooks::{EndpointChanges, NewEndpoint as New},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEndpoint)]
pub(crate) struct CreateEndpointRequest {
    /// `https://`, without a user name or a password, and public: requests to private addresses are blocked.
    #[schema(
        example = "https://example.com/webhooks",
        max_length = 2_048,
        pattern = "^https://[a-z0-9-]+([.][a-z0-9-]+)+(/[!-~]*)?$"
    )]
    url: String,
    /// A note for people.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The events to deliver: exact types (`message.received`), families (`message.*`), or `*`. `GET /api/v1/event-types` lists them.
    #[schema(example = json!(["message.*", "contact.created"]), min_items = 1, max_items = 100)]
    event_types: Vec<String>,
    /// Only events of these channels; by default all, including events of no channel.
    #[schema(min_items = 1, max_items = 100)]
    channels: Option<Vec<ChannelId>>,
    /// Maximum requests a second; unlimited by default.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_limit_per_second: Option<i64>,
    /// Headers to send with each request, e.g. for a gateway in front of the receiver: at most 20, with names of up to 100 bytes and values
    /// of up to 1,024, 8,192 bytes in all. Stored encrypted and not shown again.
    #[serde(default)]
    #[schema(example = json!({ "x-gateway-key": "k-4711" }))]
    headers: BTreeMap<String, String>,
    /// Delivers the events of one conversation in order, each after the previous one has succeeded or failed for good.
    #[serde(default)]
    ordered: bool,
    /// Maximum concurrent requests.
    #[schema(minimum = 1, maximum = 100, default = 10)]
    max_concurrent: Option<i64>,
    /// Whether events are delivered. Events that occur while it is false get no delivery; `…/replay` can deliver them later.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

const fn yes() -> bool {
    true
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChange {
    #[schema(max_length = 2_048, pattern = "^https://[a-z0-9-]+([.][a-z0-9-]+)+(/[!-~]*)?$")]
    url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    #[schema(min_items = 1, max_items = 100)]
    event_types: Option<Vec<String>>,
    /// Null: all channels.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<ChannelId>>, min_items = 1, max_items = 100)]
    channels: Option<Option<Vec<ChannelId>>>,
    /// Null: unlimited.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 10_000)]
    rate_limit_per_second: Option<Option<i64>>,
    /// Replaces all headers.
    headers: Option<BTreeMap<String, String>>,
    ordered: Option<bool>,
    /// Null: the default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    max_concurrent: Option<Option<i64>>,
    /// True resumes deliveries, also after the endpoint was disabled for too many failures.
    enabled: Option<bool>,
}

impl From<CreateEndpointRequest> for New {
    fn from(body: CreateEndpointRequest) -> Self {
        Self {
            url: body.url,
            description: body.description,
            event_types: body.event_types,
            channels: body.channels,
            rate_limit_per_second: body.rate_limit_per_second,
            headers: body.headers,
            ordered: body.ordered,
            max_concurrent: body.max_concurrent,
            enabled: body.enabled,
        }
    }
}

impl From<EndpointChange> for EndpointChanges {
    fn from(body: EndpointChange) -> Self {
        Self {
            url: body.url,
            description: body.description,
            event_types: body.event_types,
            channels: body.channels,
            rate_limit_per_second: body.rate_limit_per_second,
            headers: body.headers,
            ordered: body.ordered,
            max_concurrent: body.max_concurrent,
            enabled: body.enabled,
        }
    }
}
