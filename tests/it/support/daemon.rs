//! A server that can be stopped and started again on the same data.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use super::{folder::Folder, process::Process, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(30);

/// A server's command line, its folder, and its process while it runs.
pub struct Daemon {
    command: fn(&Folder) -> Command,
    stop_signal: &'static str,
    running: Option<Process>,
    folder: Folder,
}

impl Daemon {
    /// `command` makes the command line that serves from a folder; `stop_signal` shuts the server down in order.
    pub fn new(command: fn(&Folder) -> Command, stop_signal: &'static str, folder: Folder) -> Self {
        Daemon {
            command,
            stop_signal,
            running: None,
            folder,
        }
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Starts the process and waits until `answers`. False when it ended instead, for example because its port was taken.
    pub async fn start(&mut self, mut answers: impl AsyncFnMut() -> bool) -> bool {
        let process = self.running.insert(Process::spawn((self.command)(&self.folder)));
        let mut answered = false;
        wait_until(DEADLINE, "a private server answers", async || {
            answered = answers().await;
            answered || process.has_ended()
        })
        .await;
        answered
    }

    /// Shuts down in order and waits until the process is gone. Nothing happens when it does not run.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.running.take() {
            process.send(self.stop_signal);
            process.exit_code().await;
        }
    }

    /// Stops it if it runs, then starts it until it stays up: a stranger may hold its port for a moment.
    pub async fn restart(&mut self, mut answers: impl AsyncFnMut() -> bool) {
        self.stop().await;
        wait_until(DEADLINE, "a private server comes back", async || {
            self.start(&mut answers).await
        })
        .await;
    }
}

impl Drop for Daemon {
    /// In order, because a PostgreSQL that is killed leaves shared memory behind; but not for ever.
    fn drop(&mut self) {
        let Some(process) = &mut self.running else { return };
        process.send(self.stop_signal);
        let give_up = Instant::now() + Duration::from_secs(5);
        while !process.has_ended() && Instant::now() < give_up {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
