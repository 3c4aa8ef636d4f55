//! Who wrote, in every way Meta has of saying it.

use super::super::{Change, WhatsAppUser};
use super::{items, only_message, parse, phone, some};

fn rae() -> WhatsAppUser {
    WhatsAppUser {
        user_id: some("US.7310044"),
        name: some("Rae Okafor"),
        ..WhatsAppUser::default()
    }
}

#[track_caller]
fn check(fixture: &str, sender: WhatsAppUser) {
    assert_eq!(only_message(fixture).sender, sender);
}

#[test]
fn a_person_may_have_no_number() {
    let rae = WhatsAppUser {
        parent_user_id: some("US.ENT.99120"),
        username: some("rae.okafor"),
        ..rae()
    };
    check("person_without_number", rae);
}

#[test]
fn a_user_id_in_place_of_a_number_is_a_user_id() {
    check(
        "person_bsuid_in_from",
        WhatsAppUser {
            username: some("rae.okafor"),
            ..rae()
        },
    );
}

#[test]
fn empty_strings_are_absent() {
    check(
        "person_empty_strings",
        WhatsAppUser {
            user_id: some("user.0f00"),
            ..WhatsAppUser::default()
        },
    );
}

#[test]
fn a_message_that_names_nobody_is_from_the_lone_contact() {
    check(
        "person_only_in_contacts",
        WhatsAppUser {
            identity_key_hash: some("aGFzaA=="),
            ..rae()
        },
    );
}

#[test]
fn a_number_written_in_two_ways_is_one_person() {
    let caio = WhatsAppUser {
        user_id: some("BR.600"),
        name: some("Caio Brandão"),
        other_phone: some("5511955501234"),
        ..phone("551155501234")
    };
    check("person_number_in_two_spellings", caio);
}

#[test]
fn in_a_batch_everybody_keeps_their_own_name() {
    let senders: Vec<_> = items("people_in_one_batch")
        .into_iter()
        .map(|item| match item.change {
            Change::Message(message) => message.sender,
            other => panic!("{other:?}"),
        })
        .collect();
    let ines = WhatsAppUser {
        name: some("Ines Halvorsen"),
        ..phone("4915550100777")
    };
    assert_eq!(senders, [rae(), ines, phone("48600555010")]);
}

/// The sender of a message from Ines's number, with this much more said by it and by the contacts beside it.
fn sender(more: &str, contacts: &str) -> WhatsAppUser {
    let body = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"contacts":[{contacts}],"messages":[
            {{"id":"wamid.1","from":"4915550100777","type":"text","text":{{"body":"x"}}{more}}}]}}}}]}}]}}"#
    );
    let webhook = parse(body.as_bytes()).expect("a webhook");
    match &webhook.items[0].change {
        Change::Message(message) => message.sender.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lone_contact_with_another_user_id_is_somebody_else() {
    let contact = r#"{"user_id":"DE.1","wa_id":"4915550100777","profile":{"name":"Ines"}}"#;
    let sender = sender(r#","from_user_id":"DE.2""#, contact);
    assert_eq!(
        sender,
        WhatsAppUser {
            user_id: some("DE.2"),
            ..phone("4915550100777")
        }
    );
}

#[test]
fn among_several_contacts_only_a_match_counts() {
    let others = r#"{"wa_id":"48600555010","profile":{"name":"Tomasz"}},{"user_id":"US.1","profile":{"name":"Rae"}}"#;
    assert_eq!(sender("", others), phone("4915550100777"));
    let ines = format!(r#"{others},{{"wa_id":"+49 1555 0100777","profile":{{"name":"Ines"}}}}"#);
    assert_eq!(
        sender("", &ines),
        WhatsAppUser {
            name: some("Ines"),
            ..phone("4915550100777")
        }
    );
}

#[test]
fn a_lone_contact_beside_two_batches_is_not_the_person_of_both() {
    let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
        "metadata":{"display_phone_number":"15550100200","phone_number_id":"1"},
        "contacts":[{"profile":{"name":"Rae Okafor"},"user_id":"US.7310044"}],
        "messages":[{"from_user_id":"US.7310044","id":"wamid.1","timestamp":"1788000000","type":"text","text":{"body":"Hi"}}],
        "statuses":[{"id":"wamid.2","status":"sent","timestamp":"1788000000","recipient_id":"4915550100777"}]}}]}]}"#;
    let items = parse(body.as_bytes()).expect("a webhook").items;
    let Change::Status(status) = &items[1].change else {
        panic!("{:?}", items[1]);
    };
    assert_eq!(status.recipient, phone("4915550100777"));
}

#[test]
fn a_lone_contact_is_not_the_person_of_a_nameless_message_beside_its_own() {
    let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
        "metadata":{"display_phone_number":"15550100200","phone_number_id":"1"},
        "contacts":[{"profile":{"name":"Rae Okafor"},"user_id":"US.7310044","wa_id":"12025550143"}],
        "messages":[{"from":"12025550143","id":"wamid.1","timestamp":"1788000000","type":"text","text":{"body":"Hi"}},
            {"id":"wamid.2","timestamp":"1788000001","type":"text","text":{"body":"Who am I?"}}]}}]}]}"#;
    let items = parse(body.as_bytes()).expect("a webhook").items;
    let sender = |at: usize| match &items[at].change {
        Change::Message(message) => message.sender.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(sender(0).user_id, some("US.7310044"));
    assert_eq!(sender(1), WhatsAppUser::default());
}
