//! The demo's output.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// Interval of progress lines where lines cannot be rewritten.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Standard output. Progress is one rewritten line on a terminal, periodic lines elsewhere, and nothing with `--json`.
pub(crate) struct DemoOutput {
    json: bool,
    terminal: bool,
    rewriting: bool,
    last: Option<Instant>,
}

impl DemoOutput {
    pub fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stdout().is_terminal(),
            rewriting: false,
            last: None,
        }
    }

    /// Prints the text, or with `--json` the value as one line.
    pub fn print(&mut self, words: &str, value: &impl serde::Serialize) -> io::Result<()> {
        self.end_line()?;
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string(value)?)?;
        } else {
            writeln!(out, "{words}")?;
        }
        out.flush()
    }

    pub fn progress(&mut self, line: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return Ok(());
        }
        if self.terminal {
            // Back to the first column, and erases the line.
            write!(out, "\r\x1b[2K{line}")?;
            self.rewriting = true;
        } else if self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last = Some(Instant::now());
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    /// Ends a rewritten line, so that the next output starts on a line of its own.
    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.rewriting) {
            writeln!(io::stdout())?;
        }
        Ok(())
    }
}
