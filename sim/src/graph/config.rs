//! What the Graph API is like when it starts.

use serde::{Deserialize, Serialize};

use super::enforcement::Enforcement;
use super::statuses::StatusPolicy;
use super::templates::{Moderation, TemplateSeed};

/// The settings of the Graph API beside those of [`SimConfig`](crate::SimConfig).
#[derive(Clone, Debug)]
pub struct GraphConfig {
    /// The token that opens everything, for good.
    pub access_token: String,
    pub app_id: String,
    /// The business portfolio that owns the accounts.
    pub business_id: String,
    /// The display name of the configured number.
    pub verified_name: String,
    /// The throughput of the configured number.
    pub level: Level,
    /// Of the portfolio.
    pub messaging_limit: MessagingLimit,
    /// Numbers beside the configured one.
    pub more_numbers: Vec<NumberSeed>,
    /// Approved templates of the configured account.
    pub templates: Vec<TemplateSeed>,
    pub moderation: Moderation,
    pub enforcement: Enforcement,
    pub statuses: StatusPolicy,
    /// Scheme and host by which others reach the Graph API, for the addresses of files in webhooks. None for the
    /// address it listens on; as long as it does not listen, webhooks carry no addresses.
    pub public_url: Option<String>,
}

/// A business phone number to start with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSeed {
    pub phone_number_id: String,
    /// Digits.
    pub display_phone_number: String,
    /// None for the configured account.
    #[serde(default)]
    pub waba_id: Option<String>,
    #[serde(default)]
    pub level: Level,
}

/// How many messages per second, in and out, pass through a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 80.
    #[default]
    Standard,
    /// 1,000.
    High,
    /// 20: the number is also used with the phone app.
    Coexistence,
}

impl Level {
    pub fn per_second(self) -> f64 {
        match self {
            Self::Standard => 80.0,
            Self::High => 1_000.0,
            Self::Coexistence => 20.0,
        }
    }

    /// As in `throughput.level`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::High => "HIGH",
            Self::Coexistence => "NOT_APPLICABLE",
        }
    }
}

/// How many users outside service windows a portfolio may write to within 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessagingLimit {
    #[serde(rename = "TIER_50")]
    Tier50,
    #[serde(rename = "TIER_250")]
    Tier250,
    #[serde(rename = "TIER_2K")]
    Tier2K,
    #[serde(rename = "TIER_10K")]
    Tier10K,
    #[serde(rename = "TIER_100K")]
    Tier100K,
    #[serde(rename = "TIER_UNLIMITED")]
    Unlimited,
    /// No tier yet; nothing is held back.
    #[serde(rename = "UNTIERED")]
    Untiered,
}

impl MessagingLimit {
    /// None for no limit.
    pub fn users(self) -> Option<usize> {
        match self {
            Self::Tier50 => Some(50),
            Self::Tier250 => Some(250),
            Self::Tier2K => Some(2_000),
            Self::Tier10K => Some(10_000),
            Self::Tier100K => Some(100_000),
            Self::Unlimited | Self::Untiered => None,
        }
    }
}

impl Default for GraphConfig {
    /// A standard number of an unlimited portfolio; everything Meta enforces is enforced.
    fn default() -> Self {
        Self {
            access_token: "simulated-access-token".to_owned(),
            app_id: "634974688087057".to_owned(),
            business_id: "506914307656634".to_owned(),
            verified_name: "Lámparas Übermorgen".to_owned(),
            level: Level::Standard,
            messaging_limit: MessagingLimit::Unlimited,
            more_numbers: Vec::new(),
            templates: TemplateSeed::samples(),
            moderation: Moderation::default(),
            enforcement: Enforcement::strict(),
            statuses: StatusPolicy::default(),
            public_url: None,
        }
    }
}
