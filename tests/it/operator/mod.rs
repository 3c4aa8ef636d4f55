//! What an operator does on the command line: the programs are processes, Meta's side is simulated.

mod channels;
mod doctor;
mod env_file;
mod keys;
mod messages;
mod queues;
mod scheduler;
mod segments;
mod verifications;

use std::time::Duration;

use mainstay_sim::{Clock as SimClock, SimConfig, Simulator};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{
    deployment::{ADMIN_TOKEN, Deployment},
    wait::wait_until,
};

const DEADLINE: Duration = Duration::from_secs(60);
/// Of the form that Meta's have.
const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const TOKEN: &str = "EAAG-test";

/// An installation that does not serve yet, and Meta's side.
struct Stage {
    deployment: Deployment,
    simulator: Simulator,
    /// Where the Graph API is.
    graph: String,
    meta: JoinHandle<()>,
}

impl Stage {
    async fn embedded() -> Self {
        Self::of(Deployment::embedded().await).await
    }

    async fn distributed() -> Self {
        Self::of(Deployment::distributed().await).await
    }

    async fn of(mut deployment: Deployment) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let graph = format!("http://{}", listener.local_addr().unwrap());
        deployment.set("GRAPH_BASE_URL", &graph);
        deployment.set("META_APP_SECRETS", SECRET);
        deployment.port = crate::support::wait::free_port();
        let mut config = SimConfig {
            clock: SimClock::Wall,
            app_secret: SECRET.to_owned(),
            ..SimConfig::default()
        };
        config.graph.access_token = TOKEN.to_owned();
        let simulator = deployment.simulator(config);
        let serving = simulator.clone();
        let meta = tokio::spawn(async move { serving.serve(listener).await.unwrap() });
        Self {
            deployment,
            simulator,
            graph,
            meta,
        }
    }

    /// Runs a command that succeeds.
    async fn run(&self, line: &str) -> Value {
        let (code, answer, output) = self.deployment.attempt(line).await;
        assert_eq!(code, Some(0), "mainstay {line}: {output}");
        answer
    }

    /// Runs a command that fails, and returns what it says.
    async fn refused(&self, line: &str) -> String {
        let (code, answer, output) = self.deployment.attempt(line).await;
        assert_eq!(code, Some(1), "mainstay {line}: {output}");
        answer["error"]
            .as_str()
            .unwrap_or_else(|| panic!("{output}"))
            .to_owned()
    }

    /// The id of the only channel that is not removed.
    async fn channel(&self) -> String {
        let listed = self.run("channel list").await;
        let used = listed.as_array().unwrap().iter().find(|it| it["state"] != "removed");
        used.expect("one is used")["id"].as_str().unwrap().to_owned()
    }

    /// An answer of the operator's API.
    async fn admin(&self, path: &str) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http
            .get(self.deployment.url(&format!("/admin/{path}")))
            .bearer_auth(ADMIN_TOKEN);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Waits until what a command answers is as it should be, and returns that.
    async fn until(&self, line: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        wait_until(DEADLINE, what, async || {
            last = self.run(line).await;
            holds(&last)
        })
        .await;
        last
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.meta.abort();
    }
}
