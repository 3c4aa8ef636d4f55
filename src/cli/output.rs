//! The output of commands, for people and for programs.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use serde::Serialize;
use serde_json::Value;

/// The output of a command, as text and as JSON.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(super) json: Value,
    pub(super) text: String,
    exit_code: u8,
}

impl CommandOutput {
    pub fn new(answer: &(impl Serialize + Display)) -> anyhow::Result<Self> {
        Self::with_text(answer, answer.to_string())
    }

    /// Creates the output of a list: an array in JSON, a line for each item as text.
    pub fn list<T: Serialize + Display>(items: &[T], empty: &str) -> anyhow::Result<Self> {
        if items.is_empty() {
            return Self::with_text(items, empty.to_owned());
        }
        let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
        Self::with_text(items, lines.join("\n"))
    }

    pub(super) fn with_text(answer: &(impl Serialize + ?Sized), text: String) -> anyhow::Result<Self> {
        Ok(Self {
            json: serde_json::to_value(answer)?,
            text,
            exit_code: 0,
        })
    }

    /// Marks the output as that of a failed command.
    pub(crate) fn failed_if(mut self, failed: bool) -> Self {
        self.exit_code = u8::from(failed);
        self
    }

    /// Sets the exit code of the command.
    pub(super) fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    pub fn show(&self, out: &mut dyn Write, json: bool) -> io::Result<ExitCode> {
        if json {
            writeln!(out, "{}", self.json)?;
        } else if !self.text.is_empty() {
            writeln!(out, "{}", self.text)?;
        }
        Ok(ExitCode::from(self.exit_code))
    }
}

/// Writes an error: one line on standard error, or with `--json` `{"error": …}` on standard output.
pub(crate) fn show_error(
    out: &mut dyn Write,
    err: &mut dyn Write,
    json: bool,
    error: &anyhow::Error,
) -> io::Result<ExitCode> {
    let message = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    if json {
        writeln!(out, "{}", serde_json::json!({ "error": message }))?;
    } else {
        writeln!(err, "mainstay: {message}")?;
    }
    Ok(ExitCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn shown(json: bool, error: &anyhow::Error) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        show_error(&mut out, &mut err, json, error).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn an_error_is_one_line_with_its_causes() {
        let error = anyhow!("connection\n  refused").context("the database does not answer");
        let line = "the database does not answer: connection refused";
        assert_eq!(shown(false, &error), (String::new(), format!("mainstay: {line}\n")));
        assert_eq!(
            shown(true, &error),
            (format!("{{\"error\":\"{line}\"}}\n"), String::new())
        );
    }

    #[test]
    fn an_empty_list_is_an_empty_array_for_programs_and_words_for_people() {
        let answer = CommandOutput::list::<String>(&[], "no tenants yet").unwrap();
        let (mut json, mut text) = (Vec::new(), Vec::new());
        answer.show(&mut json, true).unwrap();
        answer.show(&mut text, false).unwrap();
        assert_eq!(
            (json.as_slice(), text.as_slice()),
            (&b"[]\n"[..], &b"no tenants yet\n"[..])
        );
    }
}
