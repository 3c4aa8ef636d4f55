use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often a line is added where lines cannot be rewritten.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Standard output: progress is one line rewritten on a terminal, a line now and then elsewhere, and nothing for programs.
pub struct Screen {
    json: bool,
    terminal: bool,
    rewriting: bool,
    last: Option<Instant>,
}

impl Screen {
    pub fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stdout().is_terminal(),
            rewriting: false,
            last: None,
        }
    }

    /// Shows one of two: the words to people, the value to programs, as one line.
    pub fn tell(&mut self, words: &str, value: &impl serde::Serialize) -> io::Result<()> {
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
            // Back to the first column, and everything to the right of it erased.
            write!(out, "\r\x1b[2K{line}")?;
            self.rewriting = true;
        } else if self.last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last = Some(Instant::now());
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    /// What comes next begins on a line of its own.
    pub fn end_line(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.rewriting) {
            writeln!(io::stdout())?;
        }
        Ok(())
    }
}
