use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    campaigns::{CampaignAudience, CampaignSpec, CampaignTemplate, CampaignVariable, SpecChange},
    domain::ChannelId,
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
    template: CampaignTemplate,
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
}

impl NewCampaign {
    pub fn spec(self) -> CampaignSpec {
        CampaignSpec::new(self.audience, self.channels, self.template).with(SpecChange {
            exclude: Some(self.exclude),
            variables: Some(self.variables),
            rate_per_second: Some(self.rate_per_second),
            failure_threshold: self.failure_threshold,
            expires_after_s: self.expires_after_s,
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
    template: Option<CampaignTemplate>,
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
}

impl ChangedCampaign {
    pub fn spec(self) -> SpecChange {
        SpecChange {
            audience: self.audience,
            exclude: self.exclude,
            channels: self.channels,
            template: self.template,
            variables: self.variables,
            rate_per_second: self.rate_per_second,
            failure_threshold: self.failure_threshold,
            expires_after_s: self.expires_after_s,
        }
    }
}
