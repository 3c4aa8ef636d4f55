//! Texts with a list of values: closed ones become an `enum`, and those that may grow, since Meta adds to them, an `x-extensible-enum`.

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
    ("Channel", "quality", &["GREEN", "YELLOW", "RED"]),
];

const PURPOSES: &[&str] = &["marketing", "all"];
const KEYWORD_ACTIONS: &[&str] = &["stop", "start", "help"];
const CONSENT: &[&str] = &["granted", "revoked"];
const FIELD_TYPES: &[&str] = &["text", "number", "boolean", "date", "datetime", "choice"];

const MEDIA_TYPES: &[&str] = &["image", "video", "audio", "document", "sticker"];

/// (schema, member, all values)
const CLOSED: &[(&str, &str, &[&str])] = &[
    ("Contact", "kind", &["person", "group"]),
    ("NewConsentStatement", "purpose", PURPOSES),
    ("NewConsentStatement", "status", CONSENT),
    ("NewConsentStatement", "source", &["api", "agent", "form", "ad"]),
    ("ConsentStatement", "purpose", PURPOSES),
    ("ConsentStatement", "status", CONSENT),
    (
        "ConsentStatement",
        "source",
        &[
            "api",
            "import",
            "agent",
            "form",
            "ad",
            "keyword",
            "button",
            "meta_preference",
        ],
    ),
    ("PresentConsent", "purpose", PURPOSES),
    ("PresentConsent", "status", CONSENT),
    ("KeywordRule", "action", KEYWORD_ACTIONS),
    ("KeywordRule", "purpose", PURPOSES),
    ("KeywordRuleContent", "action", KEYWORD_ACTIONS),
    ("KeywordRuleContent", "purpose", PURPOSES),
    ("ContactField", "type", FIELD_TYPES),
    ("NewContactField", "type", FIELD_TYPES),
    (
        "ContactBatchResult",
        "result",
        &["created", "updated", "unchanged", "failed"],
    ),
    ("Correspondent", "kind", &["person", "group"]),
    (
        "Identity",
        "kind",
        &["phone", "user_id", "parent_user_id", "username", "group"],
    ),
    ("VerificationItem", "line", &["mobile", "landline", "unknown"]),
    ("Media", "type", MEDIA_TYPES),
    ("NewMedia", "type", MEDIA_TYPES),
    (
        "RenderedHeader",
        "type",
        &["text", "image", "video", "document", "location", "product"],
    ),
];

/// Lists the values.
pub(super) fn list(document: &mut Value) {
    let place = |schema: &str, member: &str| format!("/components/schemas/{schema}/properties/{member}");
    for (schema, member, known) in OPEN {
        if let Some(found) = document.pointer_mut(&place(schema, member)) {
            found["x-extensible-enum"] = json!(known);
        }
    }
    for (schema, member, all) in CLOSED {
        if let Some(found) = document.pointer_mut(&place(schema, member)) {
            let nullable = found["type"].is_array();
            let words = all
                .iter()
                .map(|word| json!(word))
                .chain(nullable.then_some(Value::Null));
            found["enum"] = words.collect();
        }
    }
}
