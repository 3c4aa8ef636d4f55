//! What messages say, type by type.

use super::super::{
    ContactCard, ContactPhone, Contacts, InboundMediaKind, LocationContent, MediaContent, MessageContent, OrderContent,
    OrderItem, TextContent, Unsupported, WebhookError,
};
use super::{at, ines, only_item, only_message, some};

#[track_caller]
pub(super) fn check(fixture: &str, kind: &str, text: Option<&str>, content: MessageContent) {
    let message = only_message(fixture);
    assert_eq!(message.kind, kind);
    assert_eq!(message.text.as_deref(), text);
    assert_eq!(message.content, content);
}

fn media(kind: InboundMediaKind, media_id: &str, mime_type: &str, sha256: &str) -> MediaContent {
    MediaContent {
        kind,
        media_id: media_id.to_owned(),
        mime_type: some(mime_type),
        sha256: some(sha256),
        url: None,
        caption: None,
        filename: None,
        voice: false,
        animated: false,
    }
}

#[test]
fn a_text_is_read_with_everything_around_it() {
    let body = "Haben Sie den Krug auch in Grün? https://shop.example/krug 😀";
    check(
        "message_text",
        "text",
        Some(body),
        MessageContent::Text(TextContent { body: body.to_owned() }),
    );

    let item = only_item("message_text");
    assert_eq!(item.path, "/entry/0/changes/0/value/messages/0");
    assert_eq!(item.entry_id.as_deref(), Some("318400917755201"));
    assert_eq!(item.time, None);
    assert_eq!(&*item.field, "messages");
    assert_eq!(item.phone_number_id.as_deref(), Some("271828182845904"));
    assert_eq!(item.display_phone_number.as_deref(), Some("15550100200"));

    let message = only_message("message_text");
    assert_eq!(message.wamid, "wamid.MSTEXT==");
    assert_eq!(message.sender, ines());
    assert_eq!(message.to, None);
    assert_eq!(message.timestamp, at(1_790_000_100));
    assert!(
        message.raw.starts_with(r#"{"from":"4915550100777","#),
        "{}",
        message.raw
    );
    assert!(
        message.raw.ends_with(r#"https:\/\/shop.example\/krug \ud83d\ude00"}}"#),
        "{}",
        message.raw
    );
}

#[test]
fn files_are_read_with_what_is_known_of_them() {
    let image = media(InboundMediaKind::Image, "7001", "image/jpeg", "q83vEg==");
    let image = MediaContent {
        url: some("https://media.example/7001"),
        caption: some("So sieht er aus"),
        ..image
    };
    check(
        "message_image",
        "image",
        Some("So sieht er aus"),
        MessageContent::Media(image),
    );
    let video = media(InboundMediaKind::Video, "7002", "video/mp4", "AQID");
    check("message_video", "video", None, MessageContent::Media(video));
    let voice = MediaContent {
        voice: true,
        ..media(InboundMediaKind::Audio, "7003", "audio/ogg; codecs=opus", "BAUG")
    };
    check("message_voice_note", "audio", None, MessageContent::Media(voice));
    let document = media(InboundMediaKind::Document, "7004", "application/pdf", "BwgJ");
    let document = MediaContent {
        filename: some("rechnung-118.pdf"),
        ..document
    };
    check(
        "message_document",
        "document",
        Some("rechnung-118.pdf"),
        MessageContent::Media(document),
    );
    let sticker = MediaContent {
        animated: true,
        ..media(InboundMediaKind::Sticker, "7005", "image/webp", "CgsM")
    };
    check("message_sticker", "sticker", None, MessageContent::Media(sticker));
}

#[test]
fn a_file_meta_could_not_fetch_is_a_message_with_its_error() {
    check("message_media_failed", "video", None, MessageContent::Unknown);
    let error = WebhookError {
        code: Some(131_052),
        subcode: None,
        title: some("Media download error"),
        message: some("Media download error"),
        details: some("The file is larger than 100 MB"),
        href: None,
    };
    assert_eq!(only_message("message_media_failed").errors, [error]);
}

#[test]
fn places_and_cards_are_read() {
    let location = LocationContent {
        latitude: 52.5163,
        longitude: 13.3777,
        name: some("Töpferei am Tor"),
        address: some("Am Tor 4, Berlin"),
        url: None,
    };
    check(
        "message_location",
        "location",
        Some("Töpferei am Tor"),
        MessageContent::Location(location),
    );

    let number = |phone, wa_id, kind: Option<&str>| ContactPhone {
        phone: some(phone),
        wa_id: some(wa_id),
        kind: kind.map(str::to_owned),
    };
    let cards = vec![
        ContactCard {
            name: some("Tomasz Brandl"),
            phones: vec![number("+48 600 555 010", "48600555010", Some("CELL"))],
            vcard: None,
            origin: None,
        },
        ContactCard {
            name: None,
            phones: vec![number("+49 1555 0100777", "4915550100777", None)],
            vcard: some("BEGIN:VCARD\nEND:VCARD"),
            origin: some("contact_request"),
        },
    ];
    let text = "Tomasz Brandl, +49 1555 0100777";
    check(
        "message_contacts",
        "contacts",
        Some(text),
        MessageContent::Contacts(Contacts { cards }),
    );
}

#[test]
fn an_order_keeps_its_prices_as_sent() {
    let item = OrderItem {
        product_retailer_id: some("krug-gruen"),
        quantity: Some(2),
        item_price: some("34.5"),
        currency: some("EUR"),
    };
    let order = OrderContent {
        catalog_id: some("55001"),
        text: some("Bitte als Geschenk"),
        items: vec![item],
    };
    check(
        "message_order",
        "order",
        Some("Bitte als Geschenk"),
        MessageContent::Order(order),
    );
}

#[test]
fn what_the_api_does_not_pass_on_is_a_message_all_the_same() {
    check(
        "message_request_welcome",
        "request_welcome",
        None,
        MessageContent::RequestWelcome,
    );
    let poll = Unsupported {
        kind: some("poll_creation"),
    };
    check(
        "message_unsupported",
        "unsupported",
        None,
        MessageContent::Unsupported(poll),
    );
    assert_eq!(only_message("message_unsupported").errors[0].code, Some(131_051));
    check(
        "message_unknown_type",
        "hologram",
        Some("[Hologramm]"),
        MessageContent::Unknown,
    );
    check("message_content_unreadable", "text", None, MessageContent::Unknown);
}
