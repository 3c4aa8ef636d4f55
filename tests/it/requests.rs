//! Requests that Meta and others have published: what our API takes comes out as they have it.

use std::{fs, path::PathBuf};

use mainstay::meta::message::{Invalid, MessageRecipient, Options, Outbound, SendEnvelope};
use serde_json::{Value, json};

/// Samples that no message of ours can be, and what is wrong with them.
pub const REFUSED: &[(&str, &str)] = &[
    // A type of an unofficial gateway.
    ("send_speech__clairton-unoapi-cloud__01", "type"),
    // Left out on the page it comes from.
    (
        "send_interactive_none__kapso-meta-docs-documentation__01",
        "interactive.type",
    ),
    // A gateway's, which gives nothing but the whole name.
    ("send_contacts__clairton-unoapi-cloud__01", "contacts[0].name"),
    // A client library's test, with no language.
    ("send_template_plain_reply__david-lev-pywa__01", "template.language"),
];

/// What stands in the documentation for something of the reader's.
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("{templateName}", "template_name"),
    ("template-name", "template_name"),
    ("YEAR_MONTH_DAY", "1999-01-23"),
    // When a bill can no longer be paid: a time that had passed since the page was written.
    ("1726627150", "4102444800"),
];

#[test]
fn every_published_request_can_be_made_from_the_form_our_api_takes() {
    let Ok(folder) = std::env::var("REQUEST_SAMPLES") else {
        eprintln!("SKIPPED: REQUEST_SAMPLES is unset; it names a folder of requests in JSON");
        return;
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("REQUEST_SAMPLES is a folder")
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let (mut made, mut refused) = (0, 0);
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("send_") {
            continue;
        }
        let sample: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let sample = filled(sample);
        let rebuilt = rebuild(&sample);
        match REFUSED.iter().find(|(it, _)| *it == name) {
            Some((_, field)) => {
                assert_eq!(&rebuilt.unwrap_err().field, field, "{name}");
                refused += 1;
            }
            None => {
                let body = rebuilt.unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
                assert_eq!(normal(body), normal(sample), "{name}");
                made += 1;
            }
        }
    }
    assert!(made >= 90 && refused == REFUSED.len(), "{made} made, {refused} refused");
}

/// Takes a request apart into what our API is given, and lets us make the request of it.
fn rebuild(sample: &Value) -> Result<Value, Invalid> {
    let text = |key: &str| sample[key].as_str().map(str::to_owned);
    let kind = text("type").unwrap_or_else(|| "text".to_owned());
    let message = Outbound::parse(&kind, &sample[&kind])?;
    let to = match (text("to"), text("recipient")) {
        (Some(to), _) if sample["recipient_type"] == "group" => MessageRecipient::Group(to),
        (Some(to), _) => MessageRecipient::Phone(to),
        (None, id) => MessageRecipient::UserId(id.expect("a recipient")),
    };
    message.check_audience(to.audience())?;
    let given = [
        "recipient_identity_key_hash",
        "message_activity_sharing",
        "product_policy",
    ];
    let options: Value = given
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), sample.get(*key)?.clone())))
        .collect();
    let options: Options = serde_json::from_value(options).expect("options as Meta has them");
    let envelope = SendEnvelope {
        to: &to,
        context: sample["context"]["message_id"].as_str(),
        opaque: sample["biz_opaque_callback_data"].as_str().unwrap_or("none"),
        options: &options,
    };
    let body = message.body(&envelope).expect("no file is ours");
    Ok(serde_json::from_str(&body).expect("a body is JSON"))
}

pub fn filled(value: Value) -> Value {
    let mut text = value.to_string();
    for (placeholder, instead) in PLACEHOLDERS {
        text = text.replace(placeholder, instead);
    }
    serde_json::from_str(&text).unwrap()
}

/// What may be left out, written out; and one spelling where Meta takes several.
fn normal(mut request: Value) -> Value {
    if let Some(to) = request["to"].as_str() {
        request["to"] = json!(to.trim_start_matches('+'));
    }
    if let Some(kind) = request["interactive"]["type"].as_str() {
        // What was renamed goes out under its new name.
        let kind = kind.to_lowercase().replace("contact_request", "request_contact_info");
        request["interactive"]["type"] = json!(kind);
    }
    let defaults = [
        ("recipient_type", "individual"),
        ("type", "text"),
        ("biz_opaque_callback_data", "none"),
    ];
    for (key, default) in defaults {
        if request.get(key).is_none() {
            request[key] = json!(default);
        }
    }
    if let Value::Object(members) = &mut request {
        members.retain(|_, value| !value.is_null());
    }
    request
}
