//! `kill -9` of the worker at every point of an attempt. Whatever Meta accepted it accepted once, and in the end everybody knows.

use std::time::Duration;

use mainstay::db::Db;
use mainstay_sim::{By, Clock as SimClock, Fault, FaultRule, SimConfig, Simulator, StatusPolicy};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{deployment::Deployment, wait::wait_until};

/// What a killed worker had in hand is given to another within its lease; then the window for evidence passes.
pub(super) const DEADLINE: Duration = Duration::from_secs(240);
/// The seconds an unknown message waits for evidence.
const WINDOW: &str = "4";
/// How much later than the call statuses come, so that a kill comes before them.
const LATE_MS: u64 = 1_500;

pub(super) struct Scene {
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

    async fn of(mut deployment: Deployment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let graph = format!("http://{}", listener.local_addr().unwrap());
        deployment.set("GRAPH_BASE_URL", &graph);
        deployment.set("MAINSTAY_UNKNOWN_SECONDS", WINDOW);
        deployment.start().await;
        let mut config = SimConfig {
            clock: SimClock::Wall,
            ..SimConfig::default()
        };
        config.graph.access_token = "EAAG-test".to_owned();
        let simulator = deployment.simulator(config);
        let serving = simulator.clone();
        let meta = tokio::spawn(async move { serving.serve(listener).await.unwrap() });
        let key = deployment.operate(&["key", "create", "--tenant", "Acme"]).await;
        let key = key["api_key"].as_str().expect("the key is shown once").to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut scene = Self {
            deployment,
            simulator,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            key,
            channel: String::new(),
            meta,
        };
        let channels = scene.get("channels").await;
        channels["data"][0]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut scene.channel);
        scene
    }

    pub async fn get(&self, path: &str) -> Value {
        let url = self.deployment.url(&format!("/api/v1/{path}"));
        let answer = self.http.get(url).bearer_auth(&self.key).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = self.deployment.url(&format!("/api/v1/{path}"));
        let answer = self
            .http
            .post(url)
            .bearer_auth(&self.key)
            .json(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub fn template(&self, phone: &str, lane: &str) -> Value {
        json!({
            "channel_id": self.channel, "to": { "phone": format!("+{phone}") }, "lane": lane,
            "type": "template", "template": { "name": "hello_world", "language": { "code": "en_US" } },
        })
    }

    /// One message that is held rather than sent twice.
    async fn send(&self) -> String {
        let (status, answer) = self.post("messages", &self.template("4915123456789", "campaign")).await;
        assert_eq!(status, 202, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
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

    async fn until_read(&self, id: &str) -> Value {
        let mut last = Value::Null;
        let what = format!("message {id} is read");
        let waiting = wait_until(DEADLINE, &what, async || {
            last = self.get(&format!("messages/{id}")).await;
            last["status"] == "read"
        });
        if tokio::time::timeout(DEADLINE - Duration::from_secs(1), waiting)
            .await
            .is_err()
        {
            panic!("waited in vain for {what}: {last:#}");
        }
        last
    }

    pub async fn until_accepted(&self, count: usize) {
        let graph = self.simulator.graph();
        wait_until(DEADLINE, "Meta has accepted them", async || graph.accepted() >= count).await;
    }

    pub async fn end(mut self) {
        self.deployment.assert_running();
        let twice = self.simulator.graph().counts(By::Content, 2);
        assert!(twice.most <= 1, "somebody got the same twice: {twice:?}");
        self.meta.abort();
    }
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    let (number,): (i64,) = db.reader().sql(sql, ()).one().await.unwrap();
    number
}

/// Statuses that come after the kill.
fn later() -> StatusPolicy {
    StatusPolicy {
        late: 1.0,
        late_ms: LATE_MS,
        ..StatusPolicy::default()
    }
}

#[both_sizes]
async fn killed_while_meta_has_not_taken_it_up(mut scene: Scene) {
    scene.simulator.graph().set_statuses(later());
    scene
        .simulator
        .graph()
        .inject(FaultRule::new(Fault::Slow { ms: 1_000 }).times(1));
    let id = scene.send().await;
    wait_until(DEADLINE, "the call has arrived", async || {
        scene.simulator.graph().faults()[0].struck == 1
    })
    .await;
    scene.kill().await;
    let message = scene.until_read(&id).await;
    assert_eq!(message["attempts"].as_array().unwrap().len(), 1, "{message:#}");
    assert_eq!(message["attempts"][0]["evidence"], "status");
    assert_eq!(scene.simulator.graph().accepted(), 1);
    scene.end().await;
}

#[both_sizes]
async fn killed_between_metas_acceptance_and_its_answer(mut scene: Scene) {
    scene.simulator.graph().set_statuses(later());
    scene
        .simulator
        .graph()
        .inject(FaultRule::new(Fault::Late { ms: 60_000 }).times(1));
    let id = scene.send().await;
    scene.until_accepted(1).await;
    scene.kill().await;
    let message = scene.until_read(&id).await;
    assert_eq!(message["attempts"].as_array().unwrap().len(), 1, "{message:#}");
    assert_eq!(message["attempts"][0]["evidence"], "status");
    assert_eq!(scene.simulator.graph().accepted(), 1);
    scene.end().await;
}

#[both_sizes]
async fn killed_after_metas_answer_and_before_it_is_written_down(mut scene: Scene) {
    scene.simulator.graph().set_statuses(later());
    scene
        .simulator
        .graph()
        .inject(FaultRule::new(Fault::Late { ms: 300 }).times(1));
    let db = scene.deployment.db().await;
    let id = scene.send().await;
    scene.until_accepted(1).await;
    // From here on nothing can be written, so that the answer finds nobody to keep it.
    let mut held = db.begin().await.unwrap();
    if db.is_postgres() {
        held.sql("LOCK TABLE send_attempts IN EXCLUSIVE MODE", ())
            .run()
            .await
            .unwrap();
        const WAITING: &str =
            "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'send_attempts'::regclass";
        wait_until(DEADLINE, "the answer is about to be written", async || {
            number(&db, WAITING).await > 0
        })
        .await;
    }
    if scene.deployment.is_embedded() {
        scene.deployment.kill_api().await;
    } else {
        scene.deployment.kill_worker().await;
    }
    held.rollback().await.unwrap();
    db.close().await;
    if scene.deployment.is_embedded() {
        scene.deployment.start_api().await;
    } else {
        scene.deployment.start_worker().await;
    }
    let message = scene.until_read(&id).await;
    assert_eq!(message["attempts"].as_array().unwrap().len(), 1, "{message:#}");
    assert_eq!(message["attempts"][0]["evidence"], "status");
    assert_eq!(scene.simulator.graph().accepted(), 1);
    scene.end().await;
}

#[both_sizes]
async fn killed_again_and_again_in_the_middle_of_four_hundred(mut scene: Scene) {
    const COUNT: usize = 400;
    let message = |n: usize| {
        let lane = if n.is_multiple_of(2) {
            "campaign"
        } else {
            "transactional"
        };
        scene.template(&format!("49151{n:07}"), lane)
    };
    let messages: Vec<Value> = (0..COUNT).map(message).collect();
    let (status, answer) = scene.post("messages/batch", &json!({ "messages": messages })).await;
    assert_eq!(status, 200, "{answer}");
    for round in 1..=4 {
        // Slots are given up to half a second ahead, so there are attempts that no call was made for yet, calls under
        // way, and answers that are not written yet.
        scene.until_accepted(round * COUNT / 6).await;
        scene.kill().await;
    }
    let results = answer["results"].as_array().unwrap();
    let mut held = Vec::new();
    for result in results {
        let id = result["message"]["id"].as_str().unwrap().to_owned();
        let mut last = Value::Null;
        wait_until(DEADLINE, "every message is read, or held", async || {
            last = scene.get(&format!("messages/{id}")).await;
            last["status"] == "read" || last["status"] == "unknown"
        })
        .await;
        if last["status"] == "unknown" {
            held.push((id, last["to"].as_str().unwrap().to_owned()));
        }
    }
    for (id, to) in held {
        // It may be read by now. If Meta has it, evidence says so; so a person may have it sent again.
        let resend = json!({ "resolution": "resend" });
        wait_until(DEADLINE, "what Meta never had is sent again", async || {
            let accepted = scene.simulator.graph().accepted_for(&to);
            if accepted == 0 {
                scene.post(&format!("messages/{id}/resolve"), &resend).await;
            }
            accepted == 1
        })
        .await;
        scene.until_read(&id).await;
    }
    let graph = scene.simulator.graph();
    assert_eq!(graph.accepted(), COUNT, "each exactly once");
    assert_eq!(graph.refused(130_429), 0);
    scene.end().await;
}
