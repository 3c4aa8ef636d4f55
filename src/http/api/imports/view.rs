//! Imports as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    contacts::import::{
        DeclaredConsent, ImportReport, ImportState, OnBadField, OnConflict, OnExisting, PreviewedRow, target_name,
    },
    domain::{CampaignId, ImportId},
};

/// An import of contacts. `rows` are those it went through, the sum of `created`, `updated`, `unchanged`, `skipped` and `failed`.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub(crate) struct ImportView {
    pub id: ImportId,
    pub state: ImportState,
    /// Why it failed: `looks_wrong` (more than half of the first 1,000 rows failed), `file_missing`, `row_too_long`, `crashed`,
    /// `campaign_not_draft` (the campaign that the rows are for was launched or removed). Before its end,
    /// why it did not get on the last time.
    #[schema(required)]
    pub error: Option<String>,
    #[schema(required)]
    pub filename: Option<String>,
    /// The campaign that its rows are for; null of an import of contacts only.
    #[schema(required)]
    pub campaign_id: Option<CampaignId>,
    /// Whether it is a trial, which writes nothing.
    pub dry_run: bool,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// The rows of the file, without the header.
    pub total_rows: u64,
    pub rows: i64,
    pub created: i64,
    pub updated: i64,
    /// Contacts that had all of it.
    pub unchanged: i64,
    /// Left out: blank rows, rows that come again, and, as `on_existing` wants it, contacts that exist.
    pub skipped: i64,
    pub failed: i64,
    /// Errors of rows and cells. `errors.csv` has the first 100,000.
    pub errors: i64,
    /// Contacts to whom the declared grant did not give back what they refused themselves.
    pub kept_opted_out: i64,
    /// Null before the first rows.
    #[schema(required)]
    pub rows_per_second: Option<f64>,
    /// Seconds that it still takes at this rate, without the imports before it.
    #[schema(required)]
    pub remaining_seconds: Option<f64>,
    #[schema(required)]
    pub encoding: Option<String>,
    #[schema(required)]
    pub delimiter: Option<String>,
    /// The columns that are imported.
    pub columns: Vec<ImportColumnView>,
    /// The columns that give nothing.
    pub ignored_columns: Vec<String>,
    #[schema(inline)]
    pub on_existing: OnExisting,
    #[schema(inline)]
    pub on_bad_field: OnBadField,
    #[schema(inline)]
    pub on_conflict: OnConflict,
    pub tags: Vec<String>,
    pub lists: Vec<String>,
    #[schema(required)]
    pub consent: Option<DeclaredConsent>,
    /// What would become of the first 1,000 rows of a trial; null otherwise, and in lists.
    #[schema(required)]
    pub preview: Option<Vec<PreviewedRow>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
}

/// A column of an imported file.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportColumnView {
    pub column: String,
    /// `phone`, `user_id`, `external_id`, `name`, `language`, `country`, `time_zone`, `tags`, `lists` or `fields.KEY`; `row.HEADING` of a
    /// column that is kept for the variables of a campaign.
    pub gives: String,
}

impl ImportView {
    pub fn new(of: ImportReport, with_preview: bool) -> Self {
        let remaining = of.remaining();
        let spec = of.spec;
        let policies = spec.as_ref().map(|it| it.policies.clone()).unwrap_or_default();
        let columns = spec.iter().flat_map(|it| &it.columns);
        let columns = columns.map(|it| ImportColumnView {
            column: it.name.clone(),
            gives: target_name(&it.target),
        });
        let counts = of.counts;
        Self {
            id: of.id,
            state: of.state,
            error: of.error,
            campaign_id: spec.as_ref().and_then(|it| it.campaign_id),
            dry_run: policies.dry_run,
            bytes: spec.as_ref().map_or(0, |it| it.bytes),
            total_rows: spec.as_ref().map_or(0, |it| it.rows),
            rows: counts.rows,
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            skipped: counts.skipped,
            failed: counts.failed,
            errors: counts.errors,
            kept_opted_out: counts.kept_opted_out,
            rows_per_second: counts.rate(),
            remaining_seconds: remaining.map(|it| it.as_seconds_f64()),
            encoding: spec.as_ref().map(|it| it.encoding.clone()),
            delimiter: spec.as_ref().map(|it| it.delimiter.to_string()),
            columns: columns.collect(),
            ignored_columns: spec.as_ref().map(|it| it.ignored.clone()).unwrap_or_default(),
            filename: spec.and_then(|it| it.filename),
            on_existing: policies.on_existing,
            on_bad_field: policies.on_bad_field,
            on_conflict: policies.on_conflict,
            tags: policies.tags,
            lists: policies.lists,
            consent: policies.consent,
            preview: (with_preview && policies.dry_run).then_some(of.preview),
            created_at: of.created_at,
            created_by: of.created_by,
            started_at: counts.began_at,
            finished_at: of.finished_at,
        }
    }
}
