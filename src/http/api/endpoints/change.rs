//! What is said of an endpoint: its body when it is made, and when it is changed.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::ChannelId,
    http::extract::given,
    webhooks::{Changes, NewEndpoint as New},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// `https://`, without a user name or a password, and public: names that lead to private addresses are not visited.
    #[schema(
        example = "https://example.com/webhooks",
        max_length = 2_048,
        pattern = "^https://[a-z0-9-]+([.][a-z0-9-]+)+(/[!-~]*)?$"
    )]
    url: String,
    /// For people.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Which events: exact types (`message.received`), families (`message.*`), or `*`. `GET /api/v1/event-types` lists them.
    #[schema(example = json!(["message.*", "contact.created"]), min_items = 1, max_items = 100)]
    event_types: Vec<String>,
    /// Only events of these channels; all of them, and those of no channel, unless this is said.
    #[schema(min_items = 1, max_items = 100)]
    channels: Option<Vec<ChannelId>>,
    /// Requests a second, at most; no limit unless this is said.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_limit_per_second: Option<i64>,
    /// Headers to send along, e.g. for a gateway in front of the receiver: at most 20 with names of up to 100 bytes and values of up to
    /// 1,024, 8,192 in all. They are kept sealed and not shown again.
    #[serde(default)]
    #[schema(example = json!({ "x-gateway-key": "k-4711" }))]
    headers: BTreeMap<String, String>,
    /// Has the events of one conversation come one after the other, each when the one before it was taken or given up.
    #[serde(default)]
    ordered: bool,
    /// Requests under way at a time, at most.
    #[schema(minimum = 1, maximum = 100, default = 10)]
    max_concurrent: Option<i64>,
    /// Whether anything is sent. What happens while it is false is not kept for later; `…/replay` can bring it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

const fn yes() -> bool {
    true
}

/// What is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChange {
    #[schema(max_length = 2_048, pattern = "^https://[a-z0-9-]+([.][a-z0-9-]+)+(/[!-~]*)?$")]
    url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    #[schema(min_items = 1, max_items = 100)]
    event_types: Option<Vec<String>>,
    /// Null is all of them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<ChannelId>>, min_items = 1, max_items = 100)]
    channels: Option<Option<Vec<ChannelId>>>,
    /// Null is no limit.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 10_000)]
    rate_limit_per_second: Option<Option<i64>>,
    /// In place of all that were there.
    headers: Option<BTreeMap<String, String>>,
    ordered: Option<bool>,
    /// Null is the default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    max_concurrent: Option<Option<i64>>,
    /// True sends there again, also where too many failures had disabled it.
    enabled: Option<bool>,
}

impl From<NewEndpoint> for New {
    fn from(body: NewEndpoint) -> Self {
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

impl From<EndpointChange> for Changes {
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
