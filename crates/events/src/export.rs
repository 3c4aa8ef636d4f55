//! Events of exports.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::types;
use mainstay_core::domain::ExportId;

/// An export whose file is there.
#[derive(Serialize, ToSchema)]
pub struct ExportReady<'a> {
    /// `GET /api/v1/exports/{id}` has a link to the file.
    pub export_id: ExportId,
    /// `contacts`, `conversations` or `messages`.
    pub subject: &'a str,
    pub rows: i64,
    pub bytes: i64,
}

types! {
    READY = "export.ready", ExportReady<'static>,
        "The file of an export is there, for seven days.",
        json!({ "export_id": "exp_0199a1c9d3e47f60a1b2c3d4e5f60718", "subject": "contacts", "rows": 250_000, "bytes": 41_000_000 });
}
