//! Recipients: a schema per way to name one, which `To` is one of.

use serde_json::{Value, json};

use super::{Describe, Named, object, reference};

/// (schema, member, pattern, description) of the ways that are texts of their own.
const TEXTS: [(&str, &str, &str, &str); 3] = [
    (
        "ToPhone",
        "phone",
        "^[+][1-9][0-9]{6,14}$",
        "International, with `+` and the country code. Spaces, hyphens, dots and parentheses may stand between the digits; without `+` only \
         a valid international number, or one that is known here, is taken.",
    ),
    (
        "ToUser",
        "user_id",
        r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$",
        "Business-scoped user id, as in the webhooks.",
    ),
    (
        "ToGroup",
        "group_id",
        "^[!-~]{1,128}$",
        "Meta's id of a group the number is in.",
    ),
];
/// (schema, member, schema of the id, description) of the ways that are ids of ours.
const IDS: [(&str, &str, &str, &str); 2] = [
    (
        "ToContact",
        "contact_id",
        "ContactId",
        "A contact, at its strongest address.",
    ),
    (
        "ToConversation",
        "conversation_id",
        "ConversationId",
        "The contact of a conversation, on its channel.",
    ),
];

pub(super) fn schemas() -> Vec<Named> {
    let texts = TEXTS.iter().map(|(name, member, pattern, says)| {
        let text = json!({ "type": "string", "pattern": pattern });
        (*name, object(&[member], [(*member, text)]).says(says))
    });
    let ids = IDS.iter().map(|(name, member, id, says)| {
        let id = reference(id);
        (*name, object(&[member], [(*member, id)]).says(says))
    });
    let mut all: Vec<Named> = texts
        .chain(ids)
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let any: Vec<Value> = all.iter().map(|(name, _)| reference(name)).collect();
    let to = json!({ "oneOf": any, "description": "Exactly one of them." });
    all.push(("To".to_owned(), to));
    all
}
