//! Request bodies.

use serde_json::{Value, json};

use super::{parse, samples};
use crate::message::*;

fn body(message: &Outbound, to: &MessageRecipient) -> Value {
    let envelope = SendEnvelope {
        to,
        context: None,
        opaque: "att_1",
        options: &Options::default(),
    };
    serde_json::from_str(&message.body(&envelope).unwrap()).unwrap()
}

fn ines() -> MessageRecipient {
    MessageRecipient::Phone("4915550100777".into())
}

#[test]
fn a_payload_goes_out_as_it_came_in() {
    for (kind, payload) in samples() {
        let message = parse(kind, &payload).unwrap_or_else(|invalid| panic!("{payload}: {invalid}"));
        assert_eq!(message.kind(), kind);
        let expected = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+4915550100777",
            "biz_opaque_callback_data": "att_1", "type": kind, kind: payload,
        });
        assert_eq!(body(&message, &ines()), expected);
    }
}

#[test]
fn a_request_for_a_phone_number_goes_out_under_its_new_name() {
    for name in ["contact_request", "request_contact_info"] {
        let asked = super::interactive(name, json!({ "action": { "name": "request_contact_info" } }));
        let message = parse("interactive", &asked).unwrap();
        assert_eq!(body(&message, &ines())["interactive"]["type"], "request_contact_info");
    }
}

#[test]
fn every_type_and_every_kind_of_interactive_message_is_among_the_samples() {
    let kinds: Vec<&str> = samples().into_iter().map(|(kind, _)| kind).collect();
    assert!(TYPES.iter().all(|kind| kinds.contains(kind)));
    assert_eq!(kinds.iter().filter(|kind| **kind == "interactive").count(), 16);
}

#[test]
fn the_envelope_says_to_whom_and_in_answer_to_what() {
    let text = parse("text", &json!({ "body": "Hi" })).unwrap();
    assert_eq!(
        body(&text, &MessageRecipient::Phone("+4915550100777".into()))["to"],
        "+4915550100777"
    );
    let by_id = body(&text, &MessageRecipient::UserId("DE.4821".into()));
    assert_eq!(
        (&by_id["recipient"], &by_id["recipient_type"], by_id.get("to")),
        (&json!("DE.4821"), &json!("individual"), None)
    );
    let group = body(&text, &MessageRecipient::Group("Y2FwaV9n".into()));
    assert_eq!(
        (&group["to"], &group["recipient_type"]),
        (&json!("Y2FwaV9n"), &json!("group"))
    );
    let options = Options {
        recipient_identity_key_hash: Some("DF2l".into()),
        message_activity_sharing: Some(false),
        product_policy: Some(ProductPolicy::CloudApiFallback),
    };
    let envelope = SendEnvelope {
        to: &ines(),
        context: Some("wamid.A"),
        opaque: "att_2",
        options: &options,
    };
    let full: Value = serde_json::from_str(&text.body(&envelope).unwrap()).unwrap();
    assert_eq!(full["context"], json!({ "message_id": "wamid.A" }));
    assert_eq!(
        (&full["recipient_identity_key_hash"], &full["message_activity_sharing"]),
        (&json!("DF2l"), &json!(false))
    );
    assert_eq!(full["product_policy"], "CLOUD_API_FALLBACK");
}

#[test]
fn a_file_of_ours_is_found_and_must_be_replaced_first() {
    const OURS: &str = "med_0198aaaabbbb7ccc8dddeeeeffff0001";
    let header = json!({ "type": "document", "document": { "media_id": OURS, "filename": "a.pdf" } });
    let card = |index: u32| {
        json!({ "card_index": index, "type": "cta_url", "header": { "type": "video", "video": { "media_id": OURS } },
            "action": { "name": "cta_url", "parameters": { "display_text": "Go", "url": "https://example.com" } } })
    };
    let buttons = json!({ "buttons": [{ "type": "reply", "reply": { "id": "a", "title": "A" } }] });
    let components = json!([{ "type": "header", "parameters": [{ "type": "image", "image": { "media_id": OURS } }] },
        { "type": "carousel", "cards": [
            { "card_index": 0, "components": [{ "type": "header", "parameters": [{ "type": "image", "image": { "media_id": OURS } }] }] },
            { "card_index": 1, "components": [{ "type": "header", "parameters": [{ "type": "image", "image": { "id": "7" } }] }] }] }]);
    let messages = [
        ("image", json!({ "media_id": OURS }), vec![MediaKind::Image]),
        (
            "interactive",
            json!({ "type": "button", "header": header, "body": { "text": "B" }, "action": buttons }),
            vec![MediaKind::Document],
        ),
        (
            "interactive",
            json!({ "type": "carousel", "body": { "text": "B" }, "action": { "cards": [card(0), card(1)] } }),
            vec![MediaKind::Video; 2],
        ),
        (
            "template",
            json!({ "name": "t", "language": { "code": "en" }, "components": components }),
            vec![MediaKind::Image; 3],
        ),
    ];
    for (kind, payload, files) in messages {
        let mut message = parse(kind, &payload).unwrap();
        let to = ines();
        let options = Options::default();
        let envelope = SendEnvelope {
            to: &to,
            context: None,
            opaque: "att_1",
            options: &options,
        };
        let unresolved = message.body(&envelope).unwrap_err();
        assert!(unresolved.to_string().contains(OURS), "{unresolved}");
        let found: Vec<MediaKind> = message.media().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(found, files, "{kind}");
        for (_, file) in message.media() {
            if let MediaRef::Stored(_) = file {
                *file = MediaRef::Meta("7".into());
            }
        }
        let sent = message.body(&envelope).unwrap();
        assert!(!sent.contains("media_id") && sent.contains(r#""id":"7""#), "{sent}");
    }
}

#[test]
fn a_preview_is_what_a_person_reads() {
    let previews: Vec<Option<String>> = samples()
        .into_iter()
        .take(11)
        .map(|(kind, payload)| parse(kind, &payload).unwrap().preview())
        .collect();
    let expected = [
        Some("Hello"),
        Some("A succulent"),
        None,
        Some("An eclipse"),
        Some("Your order"),
        None,
        Some("Coffee"),
        Some("Barbara J. Johnson"),
        Some("😀"),
        None,
        Some("Body"),
    ];
    assert_eq!(previews, expected.map(|text| text.map(str::to_owned)));
    let taken_back = parse("reaction", &json!({ "message_id": "wamid.A", "emoji": "" })).unwrap();
    assert_eq!(taken_back.preview(), None);
}

#[test]
fn only_templates_do_without_a_window_and_only_some_types_go_to_groups() {
    let group = MessageRecipient::Group("Y2FwaV9n".into());
    for (kind, payload) in samples() {
        let message = parse(kind, &payload).unwrap();
        assert_eq!(message.template().is_some(), kind == "template");
        let fits_group = [
            "text", "image", "audio", "video", "document", "sticker", "template", "pin",
        ]
        .contains(&kind);
        assert_eq!(message.check_audience(group.audience()).is_ok(), fits_group, "{kind}");
        assert_eq!(
            message.check_audience(ines().audience()).is_ok(),
            kind != "pin",
            "{kind}"
        );
    }
}
