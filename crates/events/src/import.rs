//! Events of imports of contacts.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::types;
use mainstay_core::domain::ImportId;

/// An import that went through its file. `rows` is the sum of the five counts.
#[derive(Serialize, ToSchema)]
pub struct ImportCompleted<'a> {
    pub import_id: ImportId,
    #[schema(required)]
    pub filename: Option<&'a str>,
    pub rows: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub skipped: i64,
    pub failed: i64,
}

/// An import that ended before the end of its file.
#[derive(Serialize, ToSchema)]
pub struct ImportFailed<'a> {
    pub import_id: ImportId,
    #[schema(required)]
    pub filename: Option<&'a str>,
    /// `looks_wrong`, `file_missing`, `row_too_long`, `crashed` or `campaign_not_draft`.
    pub reason: &'a str,
    /// Rows that it went through. What it wrote stays.
    pub rows: i64,
}

const IMPORT: &str = "imp_0199a1c9d3e47f60a1b2c3d4e5f60718";

types! {
    COMPLETED = "import.completed", ImportCompleted<'static>,
        "An import of contacts went through its file.",
        json!({ "import_id": IMPORT, "filename": "customers.csv", "rows": 1_200, "created": 1_000, "updated": 150, "unchanged": 40,
            "skipped": 0, "failed": 10 });
    FAILED = "import.failed", ImportFailed<'static>,
        "An import of contacts ended before the end of its file.",
        json!({ "import_id": IMPORT, "filename": "customers.csv", "reason": "looks_wrong", "rows": 1_000 });
}
