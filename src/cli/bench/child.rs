//! The server under test.

use std::{net::SocketAddr, path::Path, process::Stdio};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The server under test, as a process of its own, so that its memory and threads are its own too.
pub struct Server {
    child: Child,
    pub address: Option<SocketAddr>,
}

impl Server {
    pub async fn start(database_url: &str, flags: &[&str]) -> anyhow::Result<Self> {
        Self::start_in(&[("DATABASE_URL", database_url)], flags).await
    }

    /// Starts a server with these variables beside those of this process.
    pub(crate) async fn start_in(environment: &[(&str, &str)], flags: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "serve"])
            .args(flags)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await?
            .context("the server did not start")?;
        Ok(Self {
            child,
            address: line.parse().ok(),
        })
    }

    /// Returns the peak resident memory so far, in megabytes.
    pub(crate) fn peak_memory_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 1_024.0)
    }

    /// Returns the processor time used so far, in seconds, of the system and of its own.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        // Behind the name, which may hold blanks, are the state and 10 numbers before the two times.
        let (_, numbers) = stat.rsplit_once(") ")?;
        let mut times = numbers.split(' ').skip(11);
        let ticks = times.next()?.parse::<f64>().ok()? + times.next()?.parse::<f64>().ok()?;
        Some(ticks / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Shuts the server down in order.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(id) = self.child.id() {
            Command::new("kill").arg(id.to_string()).status().await?;
        }
        self.child.wait().await?;
        Ok(())
    }
}

/// Returns the database to measure on: that of DATABASE_URL, else a new SQLite file in the folder.
pub fn database_url(config_url: &str, folder: &Path) -> anyhow::Result<String> {
    if config_url.starts_with("postgres") {
        return Ok(config_url.to_owned());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(format!("sqlite://{}", folder.join("bench.db").display()))
}
