//! Campaigns: everybody once, and numbers that add up at every moment.

mod audience;
mod control;
mod drafts;
mod exports;
mod fences;
mod kills;
mod many;
mod merges;
mod messages;
mod numbers;
mod policies;
mod preflights;
mod reports;
mod retries;
mod rows;
mod scene;
mod schedules;
mod seeds;
mod sharing;
mod watch;

use mainstay_sim::{Category, TemplateSeed};
use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World},
    support::{app::WABA, wait::wait_until},
};

/// A number of the `n`th person.
fn phone(n: usize) -> String {
    format!("+49151{:08}", 10_000_000 + n)
}

impl World {
    /// Has templates `offer` in English and Spanish, with a place for a name.
    pub async fn offers(&self) {
        let graph = self.simulator.graph();
        for (language, body) in [
            ("en_US", "Hello {{1}}, look at this."),
            ("es", "Hola {{1}}, mira esto."),
        ] {
            let seed = TemplateSeed::text("offer", language, Category::Marketing, body);
            graph.add_template(WABA, seed);
        }
        self.fetch_templates().await;
    }

    /// Adds people with a tag, and returns their ids.
    async fn people(&self, count: usize, tag: &str) -> Vec<String> {
        let person = |n: usize| json!({ "phone": phone(n), "given_name": format!("Person {n}"), "tags": [tag] });
        self.contacts((0..count).map(person).collect()).await
    }

    /// Adds contacts, and returns their ids.
    async fn contacts(&self, contacts: Vec<Value>) -> Vec<String> {
        let mut ids = Vec::new();
        for tag in contacts
            .iter()
            .flat_map(|it| it["tags"].as_array().cloned().unwrap_or_default())
        {
            self.post("tags", json!({ "name": tag })).await;
        }
        for chunk in contacts.chunks(500) {
            let answer = self.post("contacts/batch", json!({ "contacts": chunk })).await;
            assert!(answer.status.is_success(), "{}", answer.text());
            let results = answer.json();
            let results = results["results"].as_array().unwrap().clone();
            ids.extend(
                results
                    .iter()
                    .map(|it| it["contact_id"].as_str().unwrap_or_else(|| panic!("{it}")).to_owned()),
            );
        }
        ids
    }

    /// A draft for those with a tag.
    fn draft(&self, tag: &str) -> Value {
        json!({
            "name": "Autumn", "audience": { "tag": tag }, "channels": [self.channel],
            "template": { "name": "offer", "language": "en_US" },
            "variables": { "body.1": { "field": "name", "fallback": "friend" } },
        })
    }

    pub async fn create(&self, draft: Value) -> String {
        let answer = self.post("campaigns", draft).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Creates a campaign and launches it.
    pub async fn launch(&self, draft: Value) -> String {
        let id = self.create(draft).await;
        let answer = self.post(&format!("campaigns/{id}/launch"), json!({})).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        id
    }

    async fn campaign(&self, id: &str) -> Value {
        let campaign = self.client.get(&format!("/api/v1/campaigns/{id}")).await.ok().json();
        let progress = campaign["progress"].as_object().unwrap();
        let parts = progress
            .iter()
            .filter(|(name, _)| !["total", "replied"].contains(&name.as_str()));
        let sum: i64 = parts.map(|(_, n)| n.as_i64().unwrap()).sum();
        assert_eq!(progress["total"], sum, "the numbers add up: {campaign:#}");
        campaign
    }

    pub async fn until_campaign(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let waiting = wait_until(DEADLINE * 2, what, async || {
            last = self.campaign(id).await;
            holds(&last)
        });
        if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
            panic!("waited in vain for {what}: {last:#}");
        }
        last
    }

    /// Waits until an event of a type has happened.
    pub async fn until_event(&self, kind: &str) {
        const SQL: &str = "SELECT COUNT(*) FROM events WHERE type = $1";
        wait_until(DEADLINE, kind, async || {
            let reader = self.running.app.db.reader();
            let (count,): (i64,) = reader.sql(SQL, (kind.to_owned(),)).one().await.unwrap();
            count > 0
        })
        .await;
    }

    async fn until_status(&self, id: &str, status: &str) -> Value {
        self.until_campaign(id, status, |it| it["status"] == status).await
    }

    /// Waits for the end of a campaign to hundreds.
    async fn until_completed(&self, id: &str) {
        wait_until(DEADLINE * 4, "a large campaign is completed", async || {
            self.campaign(id).await["status"] == "completed"
        })
        .await;
    }

    async fn recipients(&self, id: &str, query: &str) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/campaigns/{id}/recipients?limit=50{query}{cursor}");
            let page = self.client.get(&path).await.ok().json();
            found.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// How many messages Meta has accepted for a number.
    fn accepted_for(&self, phone: &str) -> u32 {
        self.simulator.graph().accepted_for(phone.trim_start_matches('+'))
    }
}
