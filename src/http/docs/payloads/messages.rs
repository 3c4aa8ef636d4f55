//! Payloads of text, media, location, contacts, reaction and pin.

use serde_json::{Value, json};

use super::{Describe, Named, flag, integer, list, object, reference, short_list, string, text, url, word};

pub(super) fn schemas() -> Vec<Named> {
    let degrees =
        |max: i64| json!({ "type": "number", "minimum": -max, "maximum": max, "description": "Decimal degrees." });
    let preview = flag().says("Whether a link in it gets a preview.");
    let voice = flag().says("Shown as a voice note: OGG with Opus only.");
    let named = [
        (
            "TextPayload",
            object(&["body"], [("body", text(4_096)), ("preview_url", preview)]),
        ),
        ("ImagePayload", file("A picture.", &[("caption", caption())])),
        ("AudioPayload", file("A recording.", &[("voice", voice)])),
        ("VideoPayload", file("A video.", &[("caption", caption())])),
        (
            "DocumentPayload",
            file("A document.", &[("caption", caption()), ("filename", filename())]),
        ),
        ("StickerPayload", file("A sticker: WebP.", &[])),
        (
            "LocationPayload",
            object(
                &["latitude", "longitude"],
                [
                    ("latitude", degrees(90)),
                    ("longitude", degrees(180)),
                    ("name", string().says("Of the place.")),
                    ("address", string().says("Of the place.")),
                ],
            ),
        ),
        ("ContactsPayload", short_list(reference("ContactCard"), 1, 257)),
        ("ContactCard", contact_card()),
        (
            "ReactionPayload",
            object(
                &["message_id", "emoji"],
                [
                    ("message_id", string().says("Our id of the message, or Meta's.")),
                    ("emoji", string().says("Empty to take the reaction back.")),
                ],
            ),
        ),
        (
            "PinPayload",
            object(
                &["type", "message_id"],
                [
                    ("type", word(&["pin", "unpin"])),
                    ("message_id", string().says("Meta's id of the message.")),
                    (
                        "expiration_days",
                        integer(1, 30).says("How long it stays; required for `pin`."),
                    ),
                ],
            )
            .says("Pins a message in a group, or takes the pin away."),
        ),
    ];
    named
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

fn caption() -> Value {
    text(1_024).says("Shown below it.")
}

pub(super) fn filename() -> Value {
    string().says("As the recipient sees it.")
}

/// A file, with further members.
pub(super) fn file(what: &str, more: &[(&str, Value)]) -> Value {
    let mut file = object(
        &[],
        [
            ("media_id", reference("MediaId")),
            ("id", string().says("Meta's id of an uploaded file.")),
            ("link", url().says("An address that Meta fetches it from.")),
        ],
    );
    for (name, schema) in more {
        file["properties"][*name] = schema.clone();
    }
    file.says(&format!(
        "{what} Exactly one of `media_id` (a file of ours), `id` (Meta's) and `link`."
    ))
}

fn contact_card() -> Value {
    let names = [
        "formatted_name",
        "first_name",
        "last_name",
        "middle_name",
        "suffix",
        "prefix",
    ];
    let name = object(&["formatted_name"], names.map(|it| (it, string())));
    let address = ["street", "city", "state", "zip", "country", "country_code", "type"];
    let members = [
        ("name", name.says("`formatted_name` and at least one part.")),
        (
            "phones",
            list(object(&[], ["phone", "type", "wa_id"].map(|it| (it, string())))),
        ),
        ("emails", list(object(&[], ["email", "type"].map(|it| (it, string()))))),
        ("addresses", list(object(&[], address.map(|it| (it, string()))))),
        ("urls", list(object(&[], ["url", "type"].map(|it| (it, string()))))),
        (
            "org",
            object(&[], ["company", "department", "title"].map(|it| (it, string()))),
        ),
        ("birthday", json!({ "type": "string", "format": "date" })),
    ];
    object(&["name"], members).says("A contact as in an address book.")
}
