//! Writes CSV (RFC 4180): commas, `\r\n`, quotes where they are needed.

use super::import::escape_cell;

/// Rows on their way to a file or a client.
#[derive(Debug)]
pub(crate) struct CsvWriter {
    escapes: bool,
    text: Vec<u8>,
}

impl CsvWriter {
    /// Creates a writer that makes cells inert for spreadsheet programs if it `escapes`: a `'` stands before those that begin like a formula.
    pub fn new(escapes: bool) -> Self {
        Self {
            escapes,
            text: Vec::new(),
        }
    }

    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.text.push(b',');
            }
            let escaped = if self.escapes { escape_cell(cell) } else { None };
            self.cell(escaped.as_deref().unwrap_or(cell));
        }
        self.text.extend_from_slice(b"\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let is_padded = cell.starts_with(' ') || cell.ends_with(' ');
        if !is_padded && !cell.contains(['"', ',', '\n', '\r', ';', '\t']) {
            return self.text.extend_from_slice(cell.as_bytes());
        }
        self.text.push(b'"');
        for (at, part) in cell.split('"').enumerate() {
            if at > 0 {
                self.text.extend_from_slice(b"\"\"");
            }
            self.text.extend_from_slice(part.as_bytes());
        }
        self.text.push(b'"');
    }

    /// Returns what was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}
