//! The output of commands that run until they are stopped.

#[cfg(feature = "simulator")]
use std::time::Duration;
use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde::Serialize;

/// Interval of progress lines where lines cannot be rewritten.
#[cfg(feature = "simulator")]
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Standard output. Progress is one rewritten line on a terminal, periodic lines elsewhere, and nothing with `--json`.
pub(crate) struct LiveOutput {
    json: bool,
    #[cfg_attr(
        not(feature = "simulator"),
        expect(dead_code, reason = "what is simulated alone shows progress")
    )]
    terminal: bool,
    line: Mutex<ProgressLine>,
}

#[derive(Default)]
struct ProgressLine {
    /// The last line is to be rewritten, so it has no end yet.
    open: bool,
    #[cfg_attr(
        not(feature = "simulator"),
        expect(dead_code, reason = "what is simulated alone shows progress")
    )]
    last: Option<Instant>,
}

impl LiveOutput {
    pub fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stdout().is_terminal(),
            line: Mutex::default(),
        }
    }

    /// Prints the value as text, or with `--json` as one line of JSON.
    pub fn print(&self, value: &(impl Serialize + Display)) -> io::Result<()> {
        let mut line = self.lock();
        let mut out = io::stdout().lock();
        if std::mem::take(&mut line.open) {
            writeln!(out)?;
        }
        if self.json {
            writeln!(out, "{}", serde_json::to_string(value)?)?;
        } else {
            writeln!(out, "{value}")?;
        }
        out.flush()
    }

    /// Prints a sentence; `{"note": …}` with `--json`.
    pub fn note(&self, text: impl Into<String>) -> io::Result<()> {
        self.print(&Note { note: text.into() })
    }

    #[cfg(feature = "simulator")]
    pub fn progress(&self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut line = self.lock();
        let mut out = io::stdout().lock();
        if self.terminal {
            // Back to the first column, and erases the line.
            write!(out, "\r\x1b[2K{text}")?;
            line.open = true;
        } else if line.last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            line.last = Some(Instant::now());
            writeln!(out, "{text}")?;
        }
        out.flush()
    }

    /// Ends a rewritten line, so that the next output starts on a line of its own.
    #[cfg(feature = "simulator")]
    pub fn end_line(&self) -> io::Result<()> {
        if std::mem::take(&mut self.lock().open) {
            writeln!(io::stdout())?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, ProgressLine> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Serialize)]
struct Note {
    note: String,
}

impl Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.note)
    }
}
