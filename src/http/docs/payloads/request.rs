//! The request that sends a message: one schema per type, which `SendRequest` is one of.

use serde_json::{Map, Value, json};

use super::{Describe, Named, object, reference, string, text, word};
use crate::http::{
    api::sending::{METADATA_BYTES, REFERENCE_LENGTH},
    docs::key_schema,
};

/// (type, schema of its request, schema of its payload, what it is)
const KINDS: [(&str, &str, &str, &str); 12] = [
    ("text", "SendText", "TextPayload", "Sends a text."),
    ("image", "SendImage", "ImagePayload", "Sends a picture."),
    ("audio", "SendAudio", "AudioPayload", "Sends a recording."),
    ("video", "SendVideo", "VideoPayload", "Sends a video."),
    ("document", "SendDocument", "DocumentPayload", "Sends a document."),
    ("sticker", "SendSticker", "StickerPayload", "Sends a sticker."),
    ("location", "SendLocation", "LocationPayload", "Sends a location."),
    ("contacts", "SendContacts", "ContactsPayload", "Sends contacts."),
    ("reaction", "SendReaction", "ReactionPayload", "Reacts to a message."),
    (
        "interactive",
        "SendInteractive",
        "InteractivePayload",
        "Sends something to tap.",
    ),
    (
        "template",
        "SendTemplate",
        "TemplatePayload",
        "Sends a template that Meta has approved.",
    ),
    ("pin", "SendPin", "PinPayload", "Pins a message in a group."),
];
const MESSAGE_TEMPLATE: &str = "SendMessageTemplate";
const METADATA: &str = "Metadata";
const PRODUCT_POLICY: &str = "ProductPolicy";

pub(super) fn schemas() -> Vec<Named> {
    let mut all: Vec<Named> = KINDS
        .iter()
        .map(|(kind, name, payload, what)| {
            let own = [("type", word(&[kind])), (*kind, reference(payload))];
            ((*name).to_owned(), request(&["to", "type", kind], own).says(what))
        })
        .collect();
    let own = [("message_template", reference("FromTemplate"))];
    let of_template = request(&["to", "message_template"], own).says("Sends a message template of your own, filled.");
    all.push((MESSAGE_TEMPLATE.to_owned(), of_template));
    let any: Vec<Value> = all.iter().map(|(name, _)| reference(name)).collect();
    let description = "A message to be sent. Its payload is the member named like its type, as in Meta's own API.";
    let metadata = format!("Your own data, at most {METADATA_BYTES} bytes as JSON: in the message and in its events.");
    let policy = word(&["CLOUD_API_FALLBACK", "STRICT"]);
    all.push((METADATA.to_owned(), super::free().says(&metadata)));
    all.push((
        PRODUCT_POLICY.to_owned(),
        policy.says("Sends through Meta's Marketing Messages API."),
    ));
    all.push((
        "SendRequest".to_owned(),
        json!({ "oneOf": any, "description": description }),
    ));
    all
}

/// A request with members of its own, and those of every request.
fn request<const N: usize>(required: &[&str], own: [(&str, Value); N]) -> Value {
    let mut request = object(required, own);
    if let Some(members) = request["properties"].as_object_mut() {
        members.extend(common());
    }
    request
}

fn common() -> Map<String, Value> {
    let reference_length = u32::try_from(REFERENCE_LENGTH).unwrap_or(u32::MAX);
    let key = serde_json::to_value(key_schema()).unwrap_or_default();
    let members = [
        ("channel_id", reference("ChannelId")),
        ("to", reference("To")),
        ("context", reference("Context")),
        (
            "expires_at",
            json!({ "type": "string", "format": "date-time", "description": "Not sent after this time." }),
        ),
        (
            "send_at",
            json!({
                "type": "string", "format": "date-time",
                "description": "Not sent before this time, up to 90 days ahead; one that has passed means at once. Consent, service window and \
                    template are looked at when it has come.",
            }),
        ),
        ("lane", reference("SendLane")),
        (
            "reference",
            text(reference_length).says("Your own name for it: searchable, and in its events."),
        ),
        ("metadata", reference(METADATA)),
        (
            "idempotency_key",
            key.says("As the header `Idempotency-Key`, for this message alone."),
        ),
        ("if_window_closed", reference("WindowRule")),
        (
            "recipient_identity_key_hash",
            string().says("Meta sends it only while the customer's identity has this hash."),
        ),
        (
            "message_activity_sharing",
            json!({ "type": "boolean", "description": "Whether Meta may share what the customer does with a marketing message." }),
        ),
        ("product_policy", reference(PRODUCT_POLICY)),
    ];
    members
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}
