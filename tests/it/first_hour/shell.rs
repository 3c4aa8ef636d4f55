//! A shell in which commands are pasted, and what is asked of a running server.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::support::{
    folder::Folder,
    process::{MAINSTAY, Process, command},
    wait::wait_until,
};

pub const DEADLINE: Duration = Duration::from_secs(60);

/// Whether the commands of the README can run here. What is missing is printed on standard error, whatever the test harness hides.
pub fn has(programs: &[&str]) -> bool {
    let missing = programs
        .iter()
        .find(|program| command(program, &["--version"], &[]).output().is_err());
    if let Some(program) = missing {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no {program} here to run what is pasted"
        );
    }
    missing.is_none()
}

/// The environment of a shell in which `mainstay` is found.
pub fn environment(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = Path::new(MAINSTAY).parent().expect("it lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", own.display());
    let more = more
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    more.chain([("PATH".to_owned(), path), ("NO_COLOR".to_owned(), "1".to_owned())])
        .collect()
}

/// Runs what is pasted as a process, in a folder.
pub fn shell(script: &str, folder: &Path, environment: &[(String, String)]) -> Process {
    let mut command = command("sh", &["-ec", script], &[]);
    let environment = environment.iter().map(|(name, value)| (name, value));
    command.current_dir(folder).envs(environment);
    Process::spawn(command)
}

/// Runs what is pasted to its end, and returns what it printed.
pub async fn paste(script: &str, folder: &Path, environment: &[(String, String)]) -> String {
    // Where nobody looks on, curl shows its progress.
    fs::write(folder.join(".curlrc"), "silent\nshow-error\n").expect("the folder is the test's own");
    let home = [("CURL_HOME".to_owned(), folder.display().to_string())];
    let mut process = shell(script, folder, &[environment, &home].concat());
    let code = process.exit_code().await;
    let output = process.output();
    assert_eq!(code, Some(0), "{script}\n{output}");
    output
}

/// The answers that curl has printed.
pub fn json(output: &str) -> Vec<Value> {
    let answers: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(output).into_iter().collect();
    let answers = answers.unwrap_or_else(|error| panic!("{error}: {output}"));
    assert!(!answers.is_empty(), "something is answered");
    answers
}

/// A running server, asked with the key of a tenant.
pub struct Api {
    pub base: String,
    pub key: String,
    http: reqwest::Client,
}

impl Api {
    pub fn new(base: &str, key: &str) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        Self {
            base: base.to_owned(),
            key: key.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        request.json(body).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until a customer has the message.
    pub async fn wait_until_delivered(&self, id: &str) {
        wait_until(DEADLINE, "the message is delivered", async || {
            let message = self.get(&format!("/messages/{id}")).await;
            let status = message["status"].as_str().unwrap_or_default();
            assert!(!matches!(status, "failed" | "expired"), "{message:#}");
            matches!(status, "delivered" | "read")
        })
        .await;
    }
}

/// A demo that runs, with what it printed first.
pub struct Demo {
    pub process: Process,
    pub shown: Value,
    pub folder: Folder,
}

impl Demo {
    pub async fn start(more: &[&str]) -> Self {
        let folder = Folder::new("demo");
        let data = folder.path().join("data").display().to_string();
        let arguments = [&["--json", "demo", "--port", "0", "--data", &data], more].concat();
        let mut process = Process::spawn(command(MAINSTAY, &arguments, &[]));
        let line = process.wait_for_line("\"api_key\"").await;
        Self {
            process,
            shown: serde_json::from_str(&line).unwrap(),
            folder,
        }
    }

    pub fn text(&self, name: &str) -> &str {
        self.shown[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {:#}", self.shown))
    }

    pub fn api(&self) -> Api {
        Api::new(self.text("api"), self.text("api_key"))
    }
}
