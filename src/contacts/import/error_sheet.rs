//! The errors of an import as CSV.

use crate::contacts::{csv::CsvWriter, store::imports::KeptError};

/// Writes errors page by page, the header before the first.
#[derive(Debug)]
pub(crate) struct ErrorSheet {
    csv: CsvWriter,
    after: (i64, i64),
}

impl ErrorSheet {
    pub fn new() -> Self {
        let mut csv = CsvWriter::new(true);
        csv.row(["row", "code", "column", "value"]);
        Self { csv, after: (-1, -1) }
    }

    /// Returns row and number of the error after which the next page begins.
    pub fn after(&self) -> (i64, i64) {
        self.after
    }

    /// Writes a page, and returns its text.
    pub fn page(&mut self, errors: Vec<KeptError>) -> Vec<u8> {
        for it in errors {
            let row = it.file_row.to_string();
            let text = |text: Option<String>| text.unwrap_or_default();
            let (column, value) = (text(it.column_name), text(it.value));
            self.csv.row([row.as_str(), &it.code, &column, &value]);
            self.after = (it.file_row, it.number);
        }
        self.csv.take()
    }
}
