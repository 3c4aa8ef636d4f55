//! What an import has counted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowOutcome {
    Created,
    Updated,
    Unchanged,
    Skipped,
    Failed,
}

/// Counts of an import. `rows` is the sum of the five outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ImportCounts {
    pub rows: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub skipped: i64,
    pub failed: i64,
    /// Errors of rows and cells; more than are kept.
    pub errors: i64,
    /// Contacts to whom a grant did not give back what they refused themselves.
    pub kept_opted_out: i64,
    /// Failed among the first 1,000 rows.
    pub failed_early: i64,
    pub began_at: Option<DateTime<Utc>>,
    /// Time that was worked on it.
    pub worked_ms: i64,
    /// Runs that began and did not get through a step.
    pub stuck: i64,
}

impl ImportCounts {
    pub fn count(&mut self, outcome: RowOutcome) {
        self.rows += 1;
        *match outcome {
            RowOutcome::Created => &mut self.created,
            RowOutcome::Updated => &mut self.updated,
            RowOutcome::Unchanged => &mut self.unchanged,
            RowOutcome::Skipped => &mut self.skipped,
            RowOutcome::Failed => &mut self.failed,
        } += 1;
    }

    /// Adds what was counted since to the metrics.
    pub fn report_since(&self, before: &Self) {
        for (outcome, count) in [
            ("created", self.created - before.created),
            ("updated", self.updated - before.updated),
            ("unchanged", self.unchanged - before.unchanged),
            ("skipped", self.skipped - before.skipped),
            ("failed", self.failed - before.failed),
        ] {
            let count = u64::try_from(count).unwrap_or(0);
            metrics::counter!("mainstay_import_rows_total", "outcome" => outcome).increment(count);
        }
    }

    /// Reads stored counts.
    pub fn parse(stored: Option<&str>) -> Self {
        stored
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    pub fn stored(&self) -> String {
        serde_json::to_string(self).expect("numbers and times always serialise")
    }

    /// Returns rows per second of work; `None` before the first step.
    pub fn rate(&self) -> Option<f64> {
        (self.worked_ms > 0).then(|| self.rows as f64 * 1_000.0 / self.worked_ms as f64)
    }
}
