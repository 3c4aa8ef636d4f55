//! The schemas of the document.

use serde_json::Value;

use super::{
    markdown,
    rows::{self, Row},
};

/// A schema of the document.
pub(super) struct SchemaEntry {
    pub name: String,
    /// HTML.
    pub description: String,
    /// What it is, where it is no object.
    pub kind: Option<String>,
    pub rows: Vec<Row>,
}

/// Returns all schemas by name.
pub(super) fn all(document: &Value) -> Vec<SchemaEntry> {
    let schemas = document["components"]["schemas"].as_object();
    let entry = |(name, schema): (&String, &Value)| {
        let rows = rows::of(schema);
        SchemaEntry {
            name: name.clone(),
            description: markdown::html(schema["description"].as_str().unwrap_or_default()),
            kind: rows.is_empty().then(|| rows::kind(schema)),
            rows,
        }
    };
    schemas.into_iter().flatten().map(entry).collect()
}
