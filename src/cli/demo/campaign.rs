//! The campaign of the demo: two messages a second to the customers with the tag `vip`. A start of the demo goes on where the last one stopped.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::DemoSetup;
use crate::cli::api_client::ApiClient;

const NAME: &str = "Your order is on its way";
const TEMPLATE: &str = "order_shipped";
/// Time limit for the templates to be fetched.
const TEMPLATES: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// The campaign while the demo runs.
#[derive(Clone)]
pub(super) struct DemoCampaign {
    api: ApiClient,
    pub id: String,
}

impl DemoCampaign {
    /// Launches the campaign at the first start, and resumes it at a later one.
    pub async fn begin(api: ApiClient, setup: &DemoSetup) -> anyhow::Result<Self> {
        let known: Value = api.get("/campaigns").await?;
        if let Some(campaign) = known["data"][0]["id"].as_str() {
            let begun = Self {
                api,
                id: campaign.to_owned(),
            };
            if known["data"][0]["status"] == "paused" {
                begun.say("resume").await?;
            }
            return Ok(begun);
        }
        post(&api, "/templates/sync", &json!({})).await?;
        let begun = Instant::now();
        while api.get::<Value>(&format!("/templates?name={TEMPLATE}")).await?["data"][0].is_null() {
            ensure!(begun.elapsed() < TEMPLATES, "the templates were not fetched");
            sleep(POLL).await;
        }
        let draft = json!({
            "name": NAME, "audience": { "tag": "vip" }, "channels": [setup.channel.to_string()], "rate_per_second": 2,
            "template": { "name": TEMPLATE, "language": "en_US" },
            "variables": {
                "body.1": { "field": "given_name", "fallback": "customer" },
                "body.2": { "field": "external_id", "fallback": "4711" },
            },
        });
        let created = post(&api, "/campaigns", &draft).await?;
        let id = created["id"].as_str().context("the campaign has no id")?.to_owned();
        let launched = Self { api, id };
        launched.say("launch").await?;
        Ok(launched)
    }

    /// Pauses the campaign, so that the demo can end.
    pub async fn rest(&self) -> anyhow::Result<()> {
        let now: Value = self.api.get(&format!("/campaigns/{}", self.id)).await?;
        match now["status"].as_str() {
            Some("running") => self.say("pause").await,
            _ => Ok(()),
        }
    }

    /// Returns how many of its recipients it is done with, and of how many, for the line of progress.
    pub async fn progress(&self) -> anyhow::Result<String> {
        let now: Value = self.api.get(&format!("/campaigns/{}", self.id)).await?;
        let number = |member: &str| now["progress"][member].as_i64().unwrap_or_default();
        let total = number("total");
        Ok(format!(
            "  campaign {} of {total}",
            total - number("pending") - number("open")
        ))
    }

    async fn say(&self, what: &str) -> anyhow::Result<()> {
        post(&self.api, &format!("/campaigns/{}/{what}", self.id), &json!({}))
            .await
            .map(drop)
    }
}

async fn post(api: &ApiClient, path: &str, body: &Value) -> anyhow::Result<Value> {
    let answer = api.post(path).json(body).send().await?;
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap_or_default();
    ensure!(status.is_success(), "{path}: {status}: {answer}");
    Ok(answer)
}
