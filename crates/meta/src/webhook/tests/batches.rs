//! Batches of other things than inbound messages and statuses.

use super::super::{
    AccountDetail, AccountEvent, AppContact, AppContactAction, Change, HistoryMessage, PhoneCall, PreferenceChoice,
    StatusKind, UnknownReason, ValueError, WebhookError, WebhookItem, WebhookMessage, WhatsAppUser,
};
use super::{BUSINESS, INES, at, ines, items, only_item, parse, phone, reason, some};

fn echo(item: &WebhookItem) -> &WebhookMessage {
    match &item.change {
        Change::Echo(message) => message,
        other => panic!("{other:?}"),
    }
}

fn history(item: &WebhookItem) -> &HistoryMessage {
    match &item.change {
        Change::History(history) => history,
        other => panic!("{other:?}"),
    }
}

fn event(item: &WebhookItem) -> (&'static str, Option<&str>) {
    match &item.change {
        Change::Account(AccountEvent {
            event,
            subject,
            detail: AccountDetail::Call(_) | AccountDetail::Other,
            ..
        }) => (event.name, subject.as_deref()),
        other => panic!("{other:?}"),
    }
}

fn paths(items: &[WebhookItem]) -> Vec<&str> {
    items
        .iter()
        .map(|item| {
            item.path
                .strip_prefix("/entry/0/changes/0/value")
                .expect("below a value")
        })
        .collect()
}

#[test]
fn an_echo_is_to_the_contact_not_from_it() {
    let item = only_item("echo_from_the_app");
    let echo = echo(&item);
    assert_eq!(echo.sender, phone(BUSINESS));
    assert_eq!(echo.to, Some(ines()));
    assert_eq!(echo.text, some("Ihr Krug ist fertig"));
}

#[test]
fn standby_brings_messages_echoes_and_statuses_at_once() {
    let items = items("standby_copies");
    assert!(matches!(&items[0].change, Change::Message(message) if message.sender == ines()));
    assert_eq!(echo(&items[1]).to, Some(ines()));
    assert!(matches!(&items[2].change, Change::Status(status) if status.status == StatusKind::Sent));
    assert!(items.iter().all(|item| &*item.field == "standby"));
}

#[test]
fn a_chunk_of_history_is_taken_apart_message_by_message() {
    let items = items("history_chunk");
    let expected = [
        "/history/0/threads/0/messages/0",
        "/history/0/threads/0/messages/1",
        "/history/0/threads/0/messages/2",
        "/history/0/threads/1/messages/0",
        "/history/0/threads/2",
        "/history/1",
    ];
    assert_eq!(paths(&items), expected);

    let ours = history(&items[0]);
    assert!(ours.from_business);
    assert_eq!(
        (&ours.message.sender, &ours.message.to),
        (&phone(BUSINESS), &Some(phone(INES)))
    );
    assert_eq!(ours.thread_id, some(INES));
    assert_eq!(ours.status, Some(StatusKind::Read));
    assert_eq!((ours.phase, ours.chunk, ours.progress), (Some(1), Some(3), Some(42)));
    assert_eq!(ours.message.timestamp, at(1_788_000_000));

    let theirs = history(&items[1]);
    assert!(!theirs.from_business);
    assert_eq!(theirs.message.sender, phone(INES));
    assert_eq!(theirs.status, Some(StatusKind::Accepted));

    assert_eq!(reason(&items[2]), UnknownReason::WrongShape);
    let to_another = history(&items[3]);
    assert_eq!(to_another.message.to, Some(phone("4915550100999")));
    assert_eq!(to_another.status, Some(StatusKind::Failed));
    assert_eq!(reason(&items[4]), UnknownReason::NothingRecognised);
    assert_eq!(event(&items[5]), ("meta.history", None));
}

#[test]
fn a_past_message_to_somebody_is_ours_even_if_our_number_is_not_named() {
    let thread = |message: &str| {
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"history","value":{{"history":[{{"threads":[
                {{"id":"4915550100777","messages":[{message}]}}]}}]}}}}]}}]}}"#
        );
        history(&parse(body.as_bytes()).expect("a webhook").items[0]).from_business
    };
    assert!(thread(r#"{"id":"wamid.1","from":"15550100200","to":"4915550100777"}"#));
    assert!(!thread(r#"{"id":"wamid.1","from":"4915550100777","to":"15550100200"}"#));
    assert!(!thread(r#"{"id":"wamid.1","from":"4915550100777"}"#));
}

#[test]
fn a_past_message_without_an_author_is_from_the_person_of_its_thread() {
    let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"history","value":{
        "metadata":{"display_phone_number":"15550100200","phone_number_id":"1"},
        "history":[{"threads":[{"id":"US.7310044","messages":[{"id":"wamid.1","type":"text","text":{"body":"Hi"}}]}]}]}}]}]}"#;
    let webhook = parse(body.as_bytes()).unwrap();
    let message = history(&webhook.items[0]);
    assert!(!message.from_business);
    assert_eq!(message.message.sender.user_id, some("US.7310044"));
}

#[test]
fn declined_history_is_an_error_and_late_media_is_history() {
    let declined = only_item("history_declined");
    assert_eq!(declined.path, "/entry/0/changes/0/value/history/0/errors/0");
    assert!(matches!(&declined.change, Change::Error(ValueError { error, .. }) if error.code == Some(2_593_109)));

    let item = only_item("history_late_media");
    let late = history(&item);
    assert_eq!(
        (late.thread_id.as_deref(), late.from_business, late.phase),
        (None, false, None)
    );
    assert_eq!(late.message.wamid, "wamid.MSOLD2==");
}

#[test]
fn an_error_of_the_account_stands_alone() {
    let items = items("value_errors");
    let error = WebhookError {
        code: Some(130_429),
        subcode: None,
        title: some("Rate limit hit"),
        message: some("Rate limit hit"),
        details: some("Too many messages from this number"),
        href: some("/documentation/error-codes"),
    };
    assert!(matches!(&items[0].change, Change::Error(it) if it.error == error && it.raw.contains("130429")));
    assert_eq!(reason(&items[1]), UnknownReason::MissingEssentials);
    assert_eq!(items.len(), 2);
}

#[test]
fn the_address_book_of_the_app_is_read() {
    let items = items("app_contacts");
    let contact = |item: &WebhookItem| match &item.change {
        Change::AppContact(contact) => AppContact {
            raw: String::new(),
            ..contact.clone()
        },
        other => panic!("{other:?}"),
    };
    let tomasz = AppContact {
        action: AppContactAction::Add,
        full_name: some("Tomasz Brandl"),
        first_name: some("Tomasz"),
        phone: some("48600555010"),
        user_id: None,
        timestamp: at(1_790_002_000),
        raw: String::new(),
    };
    let removed = AppContact {
        action: AppContactAction::Remove,
        full_name: None,
        first_name: None,
        phone: some(INES),
        timestamp: at(1_790_002_001),
        ..tomasz.clone()
    };
    assert_eq!([contact(&items[0]), contact(&items[1])], [tomasz, removed]);
    assert_eq!(reason(&items[2]), UnknownReason::MissingEssentials);
}

#[test]
fn wishes_are_read_with_whose_they_are() {
    let items = items("preferences");
    let wish = |item: &WebhookItem| match &item.change {
        Change::Preference(it) => (it.person.clone(), it.category.clone(), it.choice.clone(), it.timestamp),
        other => panic!("{other:?}"),
    };
    let rae = || WhatsAppUser {
        user_id: some("US.7310044"),
        ..WhatsAppUser::default()
    };
    let marketing = || some("marketing_messages");
    assert_eq!(
        wish(&items[0]),
        (ines(), marketing(), PreferenceChoice::Stop, at(1_790_003_000))
    );
    assert_eq!(
        wish(&items[1]),
        (rae(), marketing(), PreferenceChoice::Resume, at(1_790_003_001))
    );
    let other = PreferenceChoice::Other("snooze".to_owned());
    assert_eq!(wish(&items[2]), (rae(), marketing(), other, at(1_790_003_002)));
    // Nobody is named: among others, that cannot be the lone contact for sure.
    assert_eq!(reason(&items[3]), UnknownReason::MissingEssentials);
}

#[test]
fn calls_groups_and_other_events_are_passed_on_one_by_one() {
    let calls = items("calls");
    assert_eq!(event(&calls[0]), ("call.event", Some("wacid.MSCALL==")));
    assert!(matches!(&calls[1].change, Change::Error(it) if it.error.code == Some(138_006)));
    assert_eq!(event(&only_item("groups")), ("group.event", Some("Z3J1cHBlLTE=")));
    assert_eq!(
        event(&only_item("automatic_events")),
        ("meta.automatic_events", Some("wamid.MSTEXT=="))
    );
    assert_eq!(
        event(&only_item("automatic_events_of_another_shape")),
        ("meta.automatic_events", None)
    );
    let click = items("marketing_click");
    assert_eq!(event(&click[0]), ("meta.user_actions", None));
    assert_eq!(event(&click[1]), ("meta.conversation_context", None));
    assert_eq!(paths(&click), ["/user_actions/0", "/conversation_context"]);
}

#[test]
fn a_call_says_who_called_and_when_it_began() {
    let call = |field: &str, value: &str| {
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"{field}","value":{{"metadata":{{"display_phone_number":"+1 555-010-0200"}},{value}}}}}]}}]}}"#
        );
        let webhook = parse(body.as_bytes()).expect("a webhook");
        match &webhook.items[0].change {
            Change::Account(AccountEvent {
                detail: AccountDetail::Call(call),
                ..
            }) => (**call).clone(),
            other => panic!("{other:?}"),
        }
    };
    let ines = phone("4915550100777");
    let told = |by_customer, customer: &WhatsAppUser, seconds: Option<i64>| PhoneCall {
        by_customer,
        customer: customer.clone(),
        began_at: seconds.and_then(at),
    };
    let by_her = r#""calls":[{"id":"1","from":"4915550100777","to":"15550100200","timestamp":"1790004000","direction":"USER_INITIATED"}]"#;
    assert_eq!(call("calls", by_her), told(true, &ines, Some(1_790_004_000)));
    let ended = r#""calls":[{"id":"1","from":"4915550100777","timestamp":"1790004900","start_time":"1790004000","event":"terminate"}]"#;
    assert_eq!(call("calls", ended), told(true, &ines, Some(1_790_004_000)));
    let by_us = r#""calls":[{"id":"1","from":"15550100200","to":"4915550100777"}]"#;
    assert_eq!(call("calls", by_us), told(false, &ines, None));
    let rings = r#""statuses":[{"id":"1","type":"call","status":"RINGING","recipient_id":"4915550100777"}]"#;
    assert_eq!(call("messages", rings), told(false, &ines, None));
    let hidden = r#""contacts":[{"user_id":"DE.1"}],"calls":[{"id":"1","direction":"USER_INITIATED"}]"#;
    let known_by_id = WhatsAppUser {
        user_id: some("DE.1"),
        ..WhatsAppUser::default()
    };
    assert_eq!(call("calls", hidden), told(true, &known_by_id, None));
}
