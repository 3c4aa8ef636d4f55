//! The operations of the document by tag: messages first, and of those the one that sends.

use serde_json::Value;

use super::{
    code::{self, CodeSample},
    markdown,
    rows::{self, Row},
};

/// What stands first.
const FIRST_TAG: &str = "Messages";
const FIRST_OPERATION: &str = "sendMessage";

/// The operations of a tag.
pub(super) struct Group {
    pub name: String,
    pub description: String,
    pub operations: Vec<Entry>,
}

/// An operation.
pub(super) struct Entry {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    /// HTML.
    pub description: String,
    pub permissions: String,
    pub parameters: Vec<Row>,
    /// The schema of the body.
    pub body: Option<Row>,
    pub answers: Vec<OperationAnswer>,
    pub samples: Vec<CodeSample>,
}

/// An answer by its status.
pub(super) struct OperationAnswer {
    pub status: String,
    /// HTML.
    pub says: String,
    pub body: Option<Row>,
}

/// Returns the groups in the order of the tags, except that messages come first.
pub(super) fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| Group {
            name: text(&tag["name"]),
            description: markdown::inline(tag["description"].as_str().unwrap_or_default()),
            operations: Vec::new(),
        })
        .collect();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = &operation["tags"][0];
            if let Some(group) = groups.iter_mut().find(|group| *tag == group.name.as_str()) {
                group.operations.push(entry(path, method, operation));
            }
        }
    }
    groups.sort_by_key(|group| group.name != FIRST_TAG);
    for group in &mut groups {
        group.operations.sort_by_key(|entry| entry.id != FIRST_OPERATION);
    }
    groups
}

fn entry(path: &str, method: &str, operation: &Value) -> Entry {
    let content = &operation["requestBody"]["content"];
    let parameter = |it: &Value| {
        let mut row = rows::row(0, &text(&it["name"]), it["required"] == true, &it["schema"]);
        if let Some(says) = it["description"].as_str() {
            row.says = markdown::inline(says);
        }
        row
    };
    let body = |content: &Value| {
        let (kind, first) = content.as_object()?.iter().next()?;
        Some(rows::row(0, kind, true, &first["schema"]))
    };
    let answer = |(status, it): (&String, &Value)| OperationAnswer {
        status: status.clone(),
        says: markdown::inline(it["description"].as_str().unwrap_or_default()),
        body: body(&it["content"]).filter(|_| status.starts_with('2')),
    };
    let permissions = operation["x-permission"].as_array().into_iter().flatten();
    Entry {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: markdown::html(operation["description"].as_str().unwrap_or_default()),
        permissions: permissions.filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        parameters: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(parameter)
            .collect(),
        body: body(content),
        answers: operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(answer)
            .collect(),
        samples: code::samples(path, method, operation),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
