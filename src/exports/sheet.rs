//! Rows of an export as text: CSV, or one JSON object a line.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contacts::csv::CsvWriter;

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportFormat {
    #[default]
    Csv,
    Ndjson,
}

impl ExportFormat {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Returns the ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// How the rows of an export are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SheetStyle {
    pub format: ExportFormat,
    /// The zone that times are shown in.
    pub zone: Tz,
    /// Whether cells of CSV are made inert for spreadsheet programs.
    pub escape: bool,
}

/// A value of an export.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExportValue {
    Nothing,
    Text(String),
    Time(DateTime<Utc>),
    Number(i64),
    /// A number as it is written.
    Decimal(String),
    Flag(bool),
}

impl From<Option<String>> for ExportValue {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl From<Option<DateTime<Utc>>> for ExportValue {
    fn from(time: Option<DateTime<Utc>>) -> Self {
        time.map_or(Self::Nothing, Self::Time)
    }
}

/// Writes rows, the names of the columns first.
#[derive(Debug)]
pub(crate) struct Sheet {
    style: SheetStyle,
    columns: Vec<String>,
    csv: CsvWriter,
    lines: Vec<u8>,
}

impl Sheet {
    pub fn new(style: SheetStyle, columns: Vec<String>) -> Self {
        let mut csv = CsvWriter::new(style.escape);
        if style.format == ExportFormat::Csv {
            csv.row(columns.iter().map(String::as_str));
        }
        Self {
            style,
            columns,
            csv,
            lines: Vec::new(),
        }
    }

    /// Writes a row: a value for each column.
    pub fn row(&mut self, values: Vec<ExportValue>) {
        match self.style.format {
            ExportFormat::Csv => {
                let cells: Vec<String> = values.into_iter().map(|it| self.cell(it)).collect();
                self.csv.row(cells.iter().map(String::as_str));
            }
            ExportFormat::Ndjson => {
                let members: Map<String, Value> = self
                    .columns
                    .iter()
                    .zip(values)
                    .map(|(name, value)| (name.clone(), self.member(value)))
                    .collect();
                serde_json::to_writer(&mut self.lines, &members).expect("texts and numbers always serialise");
                self.lines.push(b'\n');
            }
        }
    }

    /// Returns what was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        match self.style.format {
            ExportFormat::Csv => self.csv.take(),
            ExportFormat::Ndjson => std::mem::take(&mut self.lines),
        }
    }

    fn cell(&self, value: ExportValue) -> String {
        match value {
            ExportValue::Nothing => String::new(),
            ExportValue::Text(text) | ExportValue::Decimal(text) => text,
            ExportValue::Time(at) => self.time(at),
            ExportValue::Number(number) => number.to_string(),
            ExportValue::Flag(flag) => flag.to_string(),
        }
    }

    fn member(&self, value: ExportValue) -> Value {
        match value {
            ExportValue::Nothing => Value::Null,
            ExportValue::Text(text) => text.into(),
            ExportValue::Time(at) => self.time(at).into(),
            ExportValue::Number(number) => number.into(),
            ExportValue::Decimal(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            ExportValue::Flag(flag) => flag.into(),
        }
    }

    /// Returns a time in the zone of the sheet (ISO 8601 with its offset).
    fn time(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.style.zone);
        local.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: ExportFormat, zone: &str) -> String {
        let style = SheetStyle {
            format,
            zone: zone.parse().unwrap(),
            escape: true,
        };
        let names = ["a", "b", "c.d", "e", "f"].map(str::to_owned).to_vec();
        let mut sheet = Sheet::new(style, names);
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        sheet.row(vec![
            ExportValue::Text("=1+1, \"x\"".to_owned()),
            ExportValue::Nothing,
            ExportValue::Time(at),
            ExportValue::Decimal("12.25".to_owned()),
            ExportValue::Flag(true),
        ]);
        String::from_utf8(sheet.take()).unwrap()
    }

    #[test]
    fn a_row_is_a_line_in_either_format_with_times_of_the_zone() {
        assert_eq!(
            written(ExportFormat::Csv, "Asia/Kolkata"),
            "a,b,c.d,e,f\r\n\"'=1+1, \"\"x\"\"\",,2026-09-21T19:43:20+05:30,12.25,true\r\n"
        );
        assert_eq!(
            written(ExportFormat::Ndjson, "UTC"),
            "{\"a\":\"=1+1, \\\"x\\\"\",\"b\":null,\"c.d\":\"2026-09-21T14:13:20Z\",\"e\":12.25,\"f\":true}\n"
        );
    }
}
