use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    campaigns::{CampaignAudience, CampaignMessage, CampaignSpec, CampaignTemplate, CampaignVariable, SpecChange},
    domain::{ChannelId, OnMarketingCap, OnUnknown},
    http::extract::given,
};

/// A campaign to create: a draft, until it is launched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCampaign {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    audience: CampaignAudience,
    /// People who are left out, whatever the audience says: each by a tag, a list, a segment or a filter. None with `contacts`.
    #[serde(default)]
    #[schema(max_items = 10)]
    exclude: Vec<CampaignAudience>,
    /// The numbers that it is sent from. A contact is written to from the one that they talked with last, else from any.
    #[schema(min_items = 1, max_items = 20)]
    channels: Vec<ChannelId>,
    /// What is sent: a template, or else a message.
    template: Option<CampaignTemplate>,
    /// In place of a template: only those get it whose service window is open at their turn, for a minute more at least.
    message: Option<CampaignMessage>,
    /// The values of the template's variables, by their keys (`body.1`, `header`, `buttons.0`).
    #[serde(default)]
    variables: BTreeMap<String, CampaignVariable>,
    /// Messages per second, over all its channels; without it as many as they may.
    #[schema(minimum = 1, maximum = 1000)]
    rate_per_second: Option<u32>,
    /// It pauses when this many per cent of its last messages have failed; 30 unless said otherwise.
    #[schema(minimum = 1, maximum = 100)]
    failure_threshold: Option<u8>,
    /// A message that was not sent this many seconds after its turn expires; 86,400 unless said otherwise. The time of a pause does not count.
    #[schema(minimum = 60, maximum = 2592000)]
    expires_after_s: Option<i64>,
    /// What becomes of messages of which nobody knows whether Meta has them; without it as the tenant's setting says (`hold` unless changed).
    on_unknown: Option<OnUnknown>,
    /// What becomes of messages that Meta withholds because the recipient got enough marketing: `fail` unless said otherwise. With `wait`
    /// messages expire after 48 hours unless said otherwise.
    on_marketing_cap: Option<OnMarketingCap>,
}

impl NewCampaign {
    pub fn spec(self) -> CampaignSpec {
        CampaignSpec::new(self.audience, self.channels).with(SpecChange {
            template: self.template,
            message: self.message,
            exclude: Some(self.exclude),
            variables: Some(self.variables),
            rate_per_second: Some(self.rate_per_second),
            failure_threshold: self.failure_threshold,
            expires_after_s: self.expires_after_s,
            on_unknown: Some(self.on_unknown),
            on_marketing_cap: self.on_marketing_cap,
            ..SpecChange::default()
        })
    }
}

/// Members to change; members that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedCampaign {
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    audience: Option<CampaignAudience>,
    #[schema(max_items = 10)]
    exclude: Option<Vec<CampaignAudience>>,
    #[schema(min_items = 1, max_items = 20)]
    channels: Option<Vec<ChannelId>>,
    /// In place of a message, if it had one.
    template: Option<CampaignTemplate>,
    /// In place of a template, if it had one.
    message: Option<CampaignMessage>,
    /// In place of all that there were.
    variables: Option<BTreeMap<String, CampaignVariable>>,
    /// Null takes the rate away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    rate_per_second: Option<Option<u32>>,
    #[schema(minimum = 1, maximum = 100)]
    failure_threshold: Option<u8>,
    #[schema(minimum = 60, maximum = 2592000)]
    expires_after_s: Option<i64>,
    /// Null leaves it to the tenant's setting.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<OnUnknown>)]
    on_unknown: Option<Option<OnUnknown>>,
    on_marketing_cap: Option<OnMarketingCap>,
}

impl ChangedCampaign {
    pub fn spec(self) -> SpecChange {
        SpecChange {
            audience: self.audience,
            exclude: self.exclude,
            channels: self.channels,
            template: self.template,
            message: self.message,
            variables: self.variables,
            rate_per_second: self.rate_per_second,
            failure_threshold: self.failure_threshold,
            expires_after_s: self.expires_after_s,
            on_unknown: self.on_unknown,
            on_marketing_cap: self.on_marketing_cap,
        }
    }
}
