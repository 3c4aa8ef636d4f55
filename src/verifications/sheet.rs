//! The numbers of a verification as CSV.

use chrono::{DateTime, SecondsFormat, Utc};
use mainstay_phone::{Line, line, region};

use super::store::VerificationItem;
use crate::contacts::csv::CsvWriter;

impl VerificationItem {
    /// Returns the two letters of the country that the number belongs to.
    pub fn country(&self) -> Option<String> {
        region(self.number.as_deref()?).map(|it| it.to_string())
    }

    /// Returns the kind of line that the number belongs to.
    pub fn line(&self) -> Option<&'static str> {
        Some(match line(self.number.as_deref()?) {
            Line::Mobile => "mobile",
            Line::Landline => "landline",
            Line::Unknown => "unknown",
        })
    }

    /// Returns the number as it is dialled from everywhere.
    pub fn e164(&self) -> Option<String> {
        self.number.as_deref().map(|digits| format!("+{digits}"))
    }
}

/// Writes numbers page by page, the header before the first. Cells are inert for spreadsheet programs.
#[derive(Debug)]
pub(crate) struct ItemSheet {
    csv: CsvWriter,
    after: Option<i64>,
}

impl ItemSheet {
    pub fn new() -> Self {
        let mut csv = CsvWriter::new(true);
        csv.row([
            "input",
            "number",
            "country",
            "line",
            "verdict",
            "tier",
            "evidence",
            "evidence_at",
            "checked_at",
        ]);
        Self { csv, after: None }
    }

    /// Returns the place of the number after which the next page begins.
    pub fn after(&self) -> Option<i64> {
        self.after
    }

    /// Writes a page, and returns its text.
    pub fn page(&mut self, items: Vec<VerificationItem>) -> Vec<u8> {
        let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        for it in items {
            let cells = [
                Some(it.input.clone()),
                it.e164(),
                it.country(),
                it.line().map(str::to_owned),
                it.verdict.map(|verdict| verdict.to_string()),
                it.tier.map(|tier| tier.to_string()),
                it.evidence.clone(),
                time(it.evidence_at),
                time(it.checked_at),
            ];
            self.csv
                .row(cells.iter().map(|cell| cell.as_deref().unwrap_or_default()));
            self.after = Some(it.n);
        }
        self.csv.take()
    }
}
