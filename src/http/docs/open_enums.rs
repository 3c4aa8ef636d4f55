//! Texts whose values are known but may grow, since Meta adds to them: `x-extensible-enum` lists the known ones.

use serde_json::{Value, json};

const MESSAGE_TYPES: &[&str] = &[
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
    "button",
    "order",
    "system",
    "unsupported",
    "edit",
    "revoke",
];
const CATEGORIES: &[&str] = &["AUTHENTICATION", "MARKETING", "UTILITY"];

/// (schema, member, known values)
const OPEN: &[(&str, &str, &[&str])] = &[
    ("Message", "type", MESSAGE_TYPES),
    ("MessageWithStatuses", "type", MESSAGE_TYPES),
    ("LastMessage", "type", MESSAGE_TYPES),
    (
        "StatusReport",
        "status",
        &["sent", "delivered", "read", "played", "failed", "deleted", "warning"],
    ),
    (
        "Template",
        "status",
        &[
            "APPROVED",
            "PENDING",
            "REJECTED",
            "PAUSED",
            "DISABLED",
            "IN_APPEAL",
            "PENDING_DELETION",
            "DELETED",
            "LIMIT_EXCEEDED",
            "ARCHIVED",
        ],
    ),
    ("Template", "category", CATEGORIES),
    ("Template", "previous_category", CATEGORIES),
    ("Template", "announced_category", CATEGORIES),
    ("Template", "quality", &["GREEN", "YELLOW", "RED", "UNKNOWN"]),
    ("Template", "parameter_format", &["POSITIONAL", "NAMED"]),
    ("SuggestedTemplate", "category", CATEGORIES),
];

/// Marks the open enums.
pub(super) fn mark(document: &mut Value) {
    for (schema, member, known) in OPEN {
        let own = format!("/components/schemas/{schema}/properties/{member}");
        if let Some(found) = document.pointer_mut(&own) {
            found["x-extensible-enum"] = json!(known);
        }
    }
}
