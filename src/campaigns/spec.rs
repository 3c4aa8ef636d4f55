//! What a campaign is to do, as it is given and kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    audience::CampaignAudience,
    error::{CampaignError, CampaignResult},
    message::CampaignMessage,
    retries::CampaignRetry,
};
use crate::{
    contacts::segments::language::FilterCatalogue,
    directory::{Route, Snapshot},
    domain::{CampaignId, ChannelId, OnMarketingCap, OnUnknown, TenantId},
};

/// Channels of a campaign.
const MAX_CHANNELS: usize = 20;
/// Messages per second that a campaign may ask for.
const MAX_RATE: u32 = 1_000;
/// Seconds after which a message that was not sent expires: at least, at most, and unless said otherwise.
const EXPIRY: (i64, i64, i64) = (60, 30 * 86_400, 86_400);
/// Seconds until Meta may let another marketing message pass.
const CAPPED: i64 = 86_400;
/// Seconds after which a message expires that is tried again then, unless said otherwise.
const CAPPED_EXPIRY: i64 = 2 * CAPPED;
/// Per cent of failures at which a campaign pauses, unless said otherwise.
const THRESHOLD: u8 = 30;

/// The template that is sent. It is sent in the language of the contact where there is one, else in that of this choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignTemplate {
    #[schema(min_length = 1, max_length = 512, example = "order_update")]
    pub name: String,
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    #[schema(min_length = 1, max_length = 20, example = "en_US")]
    pub language: String,
}

/// Where the value of a variable comes from: a field of the contact, or a value that is the same for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignVariable {
    /// `name`, `given_name`, `profile_name`, `phone`, `external_id`, `language`, `country`, `time_zone`, a custom field as `fields.KEY`, or a
    /// column of the campaign's rows as `row.HEADING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 104, example = "fields.city")]
    pub field: Option<String>,
    /// For contacts without the field. Without it they are not written to, and counted as suppressed for `variable_missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub fallback: Option<String>,
    /// The value itself: text, or what a message takes for this variable, such as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, additional_properties = true)]
    pub value: Option<Value>,
}

/// What a campaign is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CampaignSpec {
    pub audience: CampaignAudience,
    /// In place of an audience: those whose message of another campaign failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<CampaignRetry>,
    /// The campaign whose rows its variables name, if they are not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_of: Option<CampaignId>,
    /// People who are left out, whatever the audience says.
    pub exclude: Vec<CampaignAudience>,
    /// The numbers that it is sent from.
    pub channels: Vec<ChannelId>,
    /// What is sent: a template, or else a message.
    pub template: Option<CampaignTemplate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<CampaignMessage>,
    /// The values of the template's variables, by their keys.
    pub variables: BTreeMap<String, CampaignVariable>,
    /// Messages per second, over all its channels; `None` is as many as they may.
    pub rate_per_second: Option<u32>,
    /// Per cent of failed messages at which it pauses.
    pub failure_threshold: u8,
    /// Seconds after its turn at which a message that was not sent expires.
    pub expires_after_s: i64,
    /// `None` is as the tenant says.
    #[serde(default)]
    pub on_unknown: Option<OnUnknown>,
    #[serde(default = "fail")]
    pub on_marketing_cap: OnMarketingCap,
}

fn fail() -> OnMarketingCap {
    OnMarketingCap::Fail
}

/// Changes of a spec; `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpecChange {
    pub audience: Option<CampaignAudience>,
    pub exclude: Option<Vec<CampaignAudience>>,
    pub channels: Option<Vec<ChannelId>>,
    pub template: Option<CampaignTemplate>,
    pub message: Option<CampaignMessage>,
    pub variables: Option<BTreeMap<String, CampaignVariable>>,
    /// `Some(None)` takes the rate away.
    pub rate_per_second: Option<Option<u32>>,
    pub failure_threshold: Option<u8>,
    pub expires_after_s: Option<i64>,
    /// `Some(None)` leaves it to the tenant.
    pub on_unknown: Option<Option<OnUnknown>>,
    pub on_marketing_cap: Option<OnMarketingCap>,
}

impl CampaignSpec {
    /// Creates a spec with nothing but whom it is for.
    pub fn new(audience: CampaignAudience, channels: Vec<ChannelId>) -> Self {
        Self {
            audience,
            retry_of: None,
            rows_of: None,
            exclude: Vec::new(),
            channels,
            template: None,
            message: None,
            variables: BTreeMap::new(),
            rate_per_second: None,
            failure_threshold: THRESHOLD,
            expires_after_s: EXPIRY.2,
            on_unknown: None,
            on_marketing_cap: OnMarketingCap::Fail,
        }
    }

    /// Returns it with changes.
    pub fn with(self, change: SpecChange) -> Self {
        let has_template = change.template.is_some();
        let capped = change.on_marketing_cap.filter(|it| *it == OnMarketingCap::Wait);
        let expiry = change.expires_after_s.or(capped.map(|_| CAPPED_EXPIRY));
        Self {
            audience: change.audience.unwrap_or(self.audience),
            retry_of: self.retry_of,
            rows_of: self.rows_of,
            exclude: change.exclude.unwrap_or(self.exclude),
            channels: change.channels.unwrap_or(self.channels),
            template: change.template.or(self.template.filter(|_| change.message.is_none())),
            message: change.message.or(self.message.filter(|_| !has_template)),
            variables: change.variables.unwrap_or(self.variables),
            rate_per_second: change.rate_per_second.unwrap_or(self.rate_per_second),
            failure_threshold: change.failure_threshold.unwrap_or(self.failure_threshold),
            expires_after_s: expiry.unwrap_or(self.expires_after_s),
            on_unknown: change.on_unknown.unwrap_or(self.on_unknown),
            on_marketing_cap: change.on_marketing_cap.unwrap_or(self.on_marketing_cap),
        }
    }

    /// Reads the stored form.
    pub(crate) fn stored(text: &str) -> CampaignResult<Self> {
        serde_json::from_str(text).map_err(|error| CampaignError::invalid("spec", error))
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("a spec always serialises")
    }

    /// Checks it, as far as it can be known before the launch.
    pub(super) fn check(&self, tenant: TenantId, channels: &Snapshot, known: &FilterCatalogue) -> CampaignResult<()> {
        let bounded = |field: &str, ok: bool, why: String| match ok {
            true => Ok(()),
            false => Err(CampaignError::invalid(field, why)),
        };
        self.check_audience()?;
        let count = self.channels.len();
        bounded(
            "channels",
            (1..=MAX_CHANNELS).contains(&count),
            format!("give 1 to {MAX_CHANNELS}"),
        )?;
        let distinct: BTreeSet<&ChannelId> = self.channels.iter().collect();
        bounded("channels", distinct.len() == count, "one is given twice".to_owned())?;
        self.routes(tenant, channels)?;
        let rate = self.rate_per_second.is_none_or(|rate| (1..=MAX_RATE).contains(&rate));
        bounded("rate_per_second", rate, format!("give 1 to {MAX_RATE}"))?;
        let threshold = (1..=100).contains(&self.failure_threshold);
        bounded("failure_threshold", threshold, "give 1 to 100 per cent".to_owned())?;
        let (least, most, _) = EXPIRY;
        let expiry = (least..=most).contains(&self.expires_after_s);
        bounded("expires_after_s", expiry, format!("give {least} to {most} seconds"))?;
        let waits = self.on_marketing_cap == OnMarketingCap::Wait;
        let why = format!("on_marketing_cap wait needs more than {CAPPED}");
        bounded("expires_after_s", !waits || self.expires_after_s > CAPPED, why)?;
        self.check_variables(known)?;
        match (&self.template, &self.message) {
            (Some(_), Some(_)) => return Err(CampaignError::invalid("message", "give a template or a message")),
            (None, None) => return Err(CampaignError::invalid("template", "give a template, or a message")),
            (Some(_), None) => {}
            (None, Some(message)) => message.check(self)?,
        }
        self.filter(known)?;
        Ok(())
    }

    /// Returns the channels that it is sent from.
    pub(super) fn routes(&self, tenant: TenantId, channels: &Snapshot) -> CampaignResult<Vec<Route>> {
        let route = |id: &ChannelId| {
            let found = channels.channel(*id).filter(|route| route.tenant == tenant).cloned();
            found.ok_or_else(|| CampaignError::invalid("channels", format!("there is no channel {id}")))
        };
        self.channels.iter().map(route).collect()
    }
}
