//! Events of campaigns.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::types;
use mainstay_core::domain::CampaignId;

/// A campaign whose status has changed.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignChanged)]
pub struct Changed<'a> {
    pub campaign_id: CampaignId,
    pub name: &'a str,
    pub status: &'a str,
    /// Why it is paused or failed: `requested`, `failure_threshold`, `template_changed`, `audience`, `inconsistent`.
    #[schema(required)]
    pub reason: Option<&'a str>,
    /// The reason in a sentence.
    #[schema(required)]
    pub details: Option<&'a str>,
    #[schema(required)]
    pub starts_at: Option<DateTime<Utc>>,
}

/// A campaign that has ended, with its numbers. Statuses that come later still move them.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignEnded)]
pub struct Ended<'a> {
    pub campaign_id: CampaignId,
    pub name: &'a str,
    pub status: &'a str,
    #[schema(required)]
    pub reason: Option<&'a str>,
    /// Recipients.
    pub total: i64,
    /// Those who were not written to.
    pub suppressed: i64,
    pub failed: i64,
    /// Messages of which nobody knows whether Meta has them.
    pub unknown: i64,
    /// Messages that Meta has.
    pub reached: i64,
}

/// A campaign on which nothing moves though it waits for nothing.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignStalled)]
pub struct Stalled<'a> {
    pub campaign_id: CampaignId,
    pub name: &'a str,
    /// `scheduled` if it is late to start, or `running`.
    pub status: &'a str,
    pub since: DateTime<Utc>,
}

/// A campaign whose counters are not the numbers of its rows.
#[derive(Serialize, ToSchema)]
#[schema(as = CampaignInconsistent)]
pub struct Inconsistent<'a> {
    pub campaign_id: CampaignId,
    pub name: &'a str,
    /// Each in a sentence.
    pub differences: Vec<&'a str>,
}

const CAMPAIGN: &str = "cmp_0199a1c9d3e47f60a1b2c3d4e5f60718";

fn changed(status: &str, reason: Option<&str>, details: Option<&str>) -> serde_json::Value {
    json!({ "campaign_id": CAMPAIGN, "name": "Autumn offers", "status": status, "reason": reason, "details": details,
        "starts_at": "2026-11-30T09:00:00Z" })
}

fn ended(status: &str) -> serde_json::Value {
    json!({ "campaign_id": CAMPAIGN, "name": "Autumn offers", "status": status, "reason": null, "total": 1_200, "suppressed": 40,
        "failed": 12, "unknown": 0, "reached": 1_148 })
}

types! {
    SCHEDULED = "campaign.scheduled", Changed<'static>,
        "A campaign was launched: it starts at its time.",
        changed("scheduled", None, None);
    STARTED = "campaign.started", Changed<'static>,
        "A campaign has started.",
        changed("running", None, None);
    PAUSED = "campaign.paused", Changed<'static>,
        "A campaign was paused, by somebody or because too many of its messages failed.",
        changed("paused", Some("failure_threshold"), Some("31 of the last 100 messages failed: 131026 (28), 131047 (3)"));
    RESUMED = "campaign.resumed", Changed<'static>,
        "A paused campaign goes on.",
        changed("running", None, None);
    STALLED = "campaign.stalled", Stalled<'static>,
        "Nothing has moved on a campaign for five minutes, though it waits for nothing; or it is late to start by as much.",
        json!({ "campaign_id": CAMPAIGN, "name": "Autumn offers", "status": "running", "since": "2026-11-30T09:20:00Z" });
    INCONSISTENT = "campaign.inconsistent", Inconsistent<'static>,
        "The counters of a campaign are not the numbers of its rows.",
        json!({ "campaign_id": CAMPAIGN, "name": "Autumn offers", "differences": ["wave 1: 10 counted as read, 9 found"] });
    COMPLETED = "campaign.completed", Ended<'static>,
        "Every recipient of a campaign became a message or was suppressed, and no message waits.",
        ended("completed");
    CANCELED = "campaign.canceled", Ended<'static>,
        "A campaign was canceled, and what waited is withdrawn.",
        ended("canceled");
    FAILED = "campaign.failed", Changed<'static>,
        "A campaign ended before it began, because its audience could not be read.",
        changed("failed", Some("audience"), Some("audience: there is no tag \"vip\""));
}
