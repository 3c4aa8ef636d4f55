//! The receivers that `RECEIVERS.md` shows, taken from the page and run, with the published libraries for Standard Webhooks.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Weak},
    time::Duration,
};

use mainstay::webhooks::{DEFAULT_CONCURRENT, MOST_CONCURRENT, OVERLAP};
use tokio::sync::Mutex;

use crate::support::{
    app,
    folder::Folder,
    process::{Process, command},
};

/// The registries may be far away, or not there.
const PATIENCE: Duration = Duration::from_secs(180);

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("RECEIVERS.md");
    fs::read_to_string(page).expect("RECEIVERS.md is there")
}

/// The example under a heading of the page.
pub fn example(heading: &str) -> String {
    let page = page();
    let heading = format!("\n### {heading}\n");
    let (_, section) = page.split_once(&heading).expect("RECEIVERS.md has the heading");
    let (_, rest) = section.split_once("\n```").expect("an example stands under it");
    let (_, rest) = rest.split_once('\n').expect("a fence is a line");
    rest.split_once("\n```").expect("a fence is closed").0.to_owned() + "\n"
}

#[test]
fn the_page_says_when_it_is_tried_again_and_what_the_limits_are() {
    let deliveries = app::config("sqlite://nowhere").deliveries;
    let wait = |wait: &Duration| match wait.as_secs() {
        seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    };
    let waits: Vec<String> = deliveries.schedule.iter().map(wait).collect();
    let page = page();
    for says in [
        format!("| after the one before | at once | {} |", waits.join(" | ")),
        format!("has {} seconds.", deliveries.timeout.as_secs()),
        format!("({DEFAULT_CONCURRENT} unless you say otherwise, {MOST_CONCURRENT} at most)"),
        format!("For {} hours both sign", OVERLAP.num_hours()),
        "30 days unless the operator says otherwise".to_owned(),
    ] {
        let flat = page.replace('\n', " ");
        assert!(flat.contains(&says), "RECEIVERS.md does not say: {says}");
    }
    assert_eq!(deliveries.retention.num_days(), 30);
}

/// An example of the page with the library it needs, ready to be started.
pub struct Installed {
    pub language: &'static str,
    folder: Folder,
    program: PathBuf,
    script: &'static str,
}

/// A receiver that runs.
pub struct Receiver {
    pub url: String,
    pub process: Process,
}

impl Installed {
    /// Every example whose library can be had here. A missing one is told on standard error, whatever the test harness hides. Tests that
    /// run at the same time share them, and the last one takes them away.
    pub async fn all() -> Arc<Vec<Self>> {
        static SHARED: Mutex<Weak<Vec<Installed>>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(found) = shared.upgrade() {
            return found;
        }
        let found = Arc::new(Self::install().await);
        *shared = Arc::downgrade(&found);
        found
    }

    async fn install() -> Vec<Self> {
        let (python, javascript) = tokio::join!(Self::python(), Self::javascript());
        let found: Vec<Self> = [python, javascript].into_iter().flatten().collect();
        if found.is_empty() {
            say(
                "SKIPPED: neither python3 with pip nor node with npm can be had, so no published library verified our signatures",
            );
        }
        found
    }

    async fn python() -> Option<Self> {
        let folder = Folder::new("python");
        let own = folder.path().join("own");
        let made = run("python3", &["-m", "venv", &own.to_string_lossy()], folder.path()).await;
        let pip = own.join("bin/pip").to_string_lossy().into_owned();
        let arguments = [
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "standardwebhooks>=1,<2",
        ];
        if !made || !run(&pip, &arguments, folder.path()).await {
            say("the Python library standardwebhooks cannot be installed here: not verified with it");
            return None;
        }
        fs::write(folder.path().join("receiver.py"), example("Python")).expect("our own folder is writable");
        Some(Self {
            language: "python",
            program: own.join("bin/python"),
            folder,
            script: "receiver.py",
        })
    }

    async fn javascript() -> Option<Self> {
        let folder = Folder::new("javascript");
        let arguments = [
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--prefix",
            ".",
            "standardwebhooks@1",
        ];
        if !run("npm", &arguments, folder.path()).await {
            say("the JavaScript library standardwebhooks cannot be installed here: not verified with it");
            return None;
        }
        fs::write(folder.path().join("receiver.mjs"), example("JavaScript")).expect("our own folder is writable");
        Some(Self {
            language: "javascript",
            program: "node".into(),
            folder,
            script: "receiver.mjs",
        })
    }

    /// Starts it with a secret, on a port of this machine.
    pub async fn start(&self, secret: &str, port: u16) -> Receiver {
        let environment = [("WEBHOOK_SECRET", secret), ("PORT", &port.to_string())];
        let mut command = command(&self.program.to_string_lossy(), &[self.script], &environment);
        command.current_dir(self.folder.path());
        let mut process = Process::spawn(command);
        process.wait_for_port(port).await;
        Receiver {
            url: format!("http://127.0.0.1:{port}/"),
            process,
        }
    }
}

/// Whether it ended well in time. What it needs of the environment it gets: where the registries are is the machine's affair.
async fn run(program: &str, arguments: &[&str], within: &Path) -> bool {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(within).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = tokio::time::timeout(PATIENCE, command.status()).await;
    matches!(ended, Ok(Ok(status)) if status.success())
}

/// Past the test harness, which keeps what passing tests print to itself.
pub fn say(words: &str) {
    let said = writeln!(std::io::stderr(), "\n{}\n!! {words}\n{0}", "!".repeat(80));
    said.expect("standard error takes it");
}
