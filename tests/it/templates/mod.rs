//! Templates: what Meta says of them, what a send of one has to give, and messages of our own with places to fill.

mod buttons;
mod first;
mod keeping;
mod local;
mod manage;
pub mod news;
mod refusals;
pub mod samples;

use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

/// Somebody who never wrote.
const STRANGER: &str = "4915123456789";

impl World {
    /// Has the templates fetched, and waits until they are.
    pub async fn fetch_templates(&self) {
        let answer = self.post("templates/sync", json!({})).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
        wait_until(DEADLINE, "the templates are fetched", async || {
            self.number("SELECT COUNT(*) FROM template_syncs WHERE synced_at IS NULL OR synced_at < requested_at")
                .await
                == 0
        })
        .await;
    }

    pub async fn template(&self, name: &str) -> Value {
        let found = self
            .client
            .get(&format!("/api/v1/templates?name={name}"))
            .await
            .ok()
            .json();
        found["data"][0].clone()
    }

    /// Waits until a template has this status here.
    async fn until_template(&self, name: &str, status: &str) -> Value {
        let mut last = Value::Null;
        wait_until(DEADLINE, &format!("{name} is {status}"), async || {
            last = self.template(name).await;
            last["status"] == status
        })
        .await;
        last
    }

    /// A request for a template whose body has these values.
    pub fn template_to(&self, phone: &str, name: &str, language: &str, values: &[&str]) -> Value {
        let mut template = json!({ "name": name, "language": { "code": language } });
        if !values.is_empty() {
            let parameters: Vec<Value> = values.iter().map(|it| json!({ "type": "text", "text": it })).collect();
            template["components"] = json!([{ "type": "body", "parameters": parameters }]);
        }
        json!({ "channel_id": self.channel, "to": { "phone": phone }, "type": "template", "template": template })
    }
}
