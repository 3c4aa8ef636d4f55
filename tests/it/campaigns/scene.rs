//! A campaign of an installation whose processes are killed.

use std::{fs, time::Duration};

use mainstay::{campaigns, db::Db, domain::CampaignStatus};
use mainstay_sim::{Clock as SimClock, Level, Manners, SimConfig, Simulator};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::phone;
use crate::support::{deployment::Deployment, wait::wait_until};

/// What a killed worker had in hand is given to another within its lease; then the window for evidence passes.
pub const DEADLINE: Duration = Duration::from_secs(180);
/// The seconds an unknown message waits for evidence.
const WINDOW: &str = "4";

pub struct Scene {
    pub deployment: Deployment,
    pub simulator: Simulator,
    http: reqwest::Client,
    key: String,
    channel: String,
    meta: JoinHandle<()>,
}

impl Scene {
    pub async fn embedded() -> Self {
        Self::of(Deployment::embedded().await).await
    }

    pub async fn distributed() -> Self {
        Self::of(Deployment::distributed().await).await
    }

    /// On a PostgreSQL of its own, which may be restarted.
    pub async fn on_private_postgres() -> Self {
        Self::of(Deployment::distributed_on_private_postgres().await).await
    }

    async fn of(mut deployment: Deployment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        deployment.set("GRAPH_BASE_URL", &format!("http://{}", listener.local_addr().unwrap()));
        deployment.set("MAINSTAY_UNKNOWN_SECONDS", WINDOW);
        deployment.start().await;
        let mut config = SimConfig {
            clock: SimClock::Wall,
            manners: Manners::rude(),
            ..SimConfig::default()
        };
        config.graph.access_token = "EAAG-test".to_owned();
        config.graph.level = Level::High;
        config.graph.enforcement.pairs = false;
        let simulator = deployment.simulator(config);
        let serving = simulator.clone();
        let meta = tokio::spawn(async move { serving.serve(listener).await.unwrap() });
        let key = deployment.operate(&["key", "create", "--tenant", "Acme"]).await;
        let key = key["api_key"].as_str().expect("the key is shown once").to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        let mut scene = Self {
            deployment,
            simulator,
            http,
            key,
            channel: String::new(),
            meta,
        };
        let channels = scene.get("channels").await.expect("the API answers");
        channels["data"][0]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut scene.channel);
        let checked = format!("channels/{}/check", scene.channel);
        scene.post(&checked, &json!({})).await;
        scene
    }

    /// `None` while the process that answers is away.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let url = self.deployment.url(&format!("/api/v1/{path}"));
        let answer = self.http.get(url).bearer_auth(&self.key).send().await.ok()?;
        answer.json().await.ok()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let url = self.deployment.url(&format!("/api/v1/{path}"));
        let answer = self
            .http
            .post(url)
            .bearer_auth(&self.key)
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    /// Posts until it is answered, and until the campaign has the status: a request whose answer was lost may have been done.
    pub async fn insist(&self, path: &str, status: &str) {
        let campaign = path.rsplit_once('/').expect("a path of a campaign").0;
        wait_until(DEADLINE, status, async || {
            let url = self.deployment.url(&format!("/api/v1/{path}"));
            let _ = self.http.post(url).bearer_auth(&self.key).json(&json!({})).send().await;
            self.get(campaign).await.unwrap_or_default()["status"] == status
        })
        .await;
    }

    /// Imports people with a tag.
    pub async fn people(&self, count: usize) {
        let path = self.deployment.folder().join("people.csv");
        let rows: String = (0..count).map(|n| format!("{},Person {n},all\n", phone(n))).collect();
        fs::write(&path, format!("phone,name,tags\n{rows}")).unwrap();
        let path = path.to_str().unwrap().to_owned();
        self.deployment
            .operate(&["contact", "import", &path, "--tenant", "Acme"])
            .await;
        wait_until(DEADLINE, "the people are there", async || {
            let imports = self.get("contacts/imports").await.unwrap_or_default();
            imports["data"][0]["state"] == "completed"
        })
        .await;
    }

    /// Creates a campaign to them all and launches it.
    pub async fn launch(&self) -> String {
        self.post("templates/sync", &json!({})).await;
        wait_until(DEADLINE, "the templates are there", async || {
            let found = self.get("templates?name=hello_world").await.unwrap_or_default();
            found["data"][0]["status"] == "APPROVED"
        })
        .await;
        let draft = json!({
            "name": "Everybody", "audience": { "tag": "all" }, "channels": [self.channel], "failure_threshold": 100,
            "template": { "name": "hello_world", "language": "en_US" },
        });
        let id = self.post("campaigns", &draft).await["id"].as_str().unwrap().to_owned();
        self.post(&format!("campaigns/{id}/launch"), &json!({})).await;
        id
    }

    /// `kill -9` of what sends, and a new one.
    pub async fn kill(&mut self) {
        if self.deployment.is_embedded() {
            self.deployment.kill_api().await;
            self.deployment.start_api().await;
        } else {
            self.deployment.kill_worker().await;
            self.deployment.start_worker().await;
        }
    }

    pub async fn until_accepted(&self, count: usize) {
        let graph = self.simulator.graph();
        wait_until(DEADLINE, "Meta has accepted them", async || graph.accepted() >= count).await;
    }

    /// Waits until Meta has accepted so many, and returns false if the campaign is over before: calls that were under way when a process was
    /// killed are unknown.
    pub async fn has_accepted(&self, id: &str, count: usize) -> bool {
        let (graph, path) = (self.simulator.graph(), format!("campaigns/{id}"));
        let mut is_over = false;
        wait_until(
            DEADLINE,
            "Meta has accepted them, or the campaign is over",
            async || {
                is_over = self.get(&path).await.unwrap_or_default()["status"] == "completed";
                is_over || graph.accepted() >= count
            },
        )
        .await;
        !is_over
    }

    /// Everybody has one message at Meta, or is `unknown` here; the counters are what the rows say.
    pub async fn assert_everybody_once(mut self, id: &str, count: usize) {
        let mut last = Value::Null;
        let waiting = wait_until(DEADLINE, "the campaign is completed", async || {
            last = self.get(&format!("campaigns/{id}")).await.unwrap_or_default();
            last["status"] == "completed"
        });
        if tokio::time::timeout(DEADLINE - Duration::from_secs(1), waiting)
            .await
            .is_err()
        {
            panic!("waited in vain for the end: {last:#}");
        }
        self.deployment.assert_running();
        let graph = self.simulator.graph();
        let counts: Vec<u32> = (0..count)
            .map(|n| graph.accepted_for(phone(n).trim_start_matches('+')))
            .collect();
        let twice = counts.iter().filter(|accepted| **accepted > 1).count();
        let none = counts.iter().filter(|accepted| **accepted == 0).count();
        assert_eq!(twice, 0, "somebody got it twice: {last:#}");
        let unknown = last["progress"]["unknown"].as_u64().unwrap();
        assert!(
            none as u64 <= unknown,
            "{none} got nothing, {unknown} are unknown: {last:#}"
        );
        assert_eq!(last["progress"]["total"], count, "{last:#}");
        let db = self.deployment.db().await;
        assert_eq!(recount(&db, id).await, [""; 0]);
        db.close().await;
        self.meta.abort();
    }
}

/// Samples the numbers of a campaign in the database, and returns how often they did not add up, and how many samples there were.
pub async fn sample(db: &Db, id: &str, until: &tokio_util::sync::CancellationToken) -> (usize, usize) {
    let id = id.parse().unwrap();
    const TENANT: &str = "SELECT tenant_id FROM campaigns WHERE id = $1";
    let (tenant,): (mainstay::domain::TenantId,) = db.reader().sql(TENANT, (id,)).one().await.unwrap();
    let (mut broken, mut samples) = (0, 0);
    while !until.is_cancelled() {
        if let Ok(numbers) = campaigns::progress(db.reader(), tenant, id, CampaignStatus::Running).await {
            samples += 1;
            broken += usize::from(numbers.total != numbers.sum());
        }
        tokio::task::yield_now().await;
    }
    (broken, samples)
}

async fn recount(db: &Db, id: &str) -> Vec<String> {
    let id = id.parse().unwrap();
    const TENANT: &str = "SELECT tenant_id FROM campaigns WHERE id = $1";
    let (tenant,): (mainstay::domain::TenantId,) = db.reader().sql(TENANT, (id,)).one().await.unwrap();
    let mut tx = db.begin_read_as(tenant).await.unwrap();
    let campaign = campaigns::stored(&mut tx, tenant, id).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    campaigns::recount(db, &campaign).await.unwrap()
}
