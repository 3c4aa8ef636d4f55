//! What became of messages we sent.

use super::super::{
    AccountDetail, AccountEvent, Change, Pricing, StatusKind, StatusUpdate, UnknownReason, WebhookError, WebhookItem,
    WhatsAppUser, recipient_of_stored_status,
};
use super::{INES, INES_ID, at, ines, items, only_item, parse, phone, reason, some, status};

fn bare(wamid: &str, kind: StatusKind, seconds: i64, recipient: WhatsAppUser, raw: &str) -> StatusUpdate {
    StatusUpdate {
        wamid: wamid.to_owned(),
        status: kind,
        timestamp: at(seconds),
        recipient,
        participant: None,
        group: false,
        group_id: None,
        opaque: None,
        conversation_id: None,
        conversation_expires_at: None,
        conversation_origin: None,
        pricing: None,
        errors: Vec::new(),
        raw: raw.to_owned(),
    }
}

#[track_caller]
fn check(item: &WebhookItem, expected: impl FnOnce(&str) -> StatusUpdate) {
    let status = status(item);
    assert_eq!(*status, expected(&status.raw));
}

#[test]
fn a_status_carries_its_price_and_what_we_sent_along() {
    check(&only_item("status_sent_priced"), |raw| StatusUpdate {
        opaque: some("attempt-81"),
        conversation_id: some("c0ffee"),
        conversation_expires_at: at(1_790_087_400),
        conversation_origin: some("utility"),
        pricing: Some(Pricing {
            billable: Some(true),
            model: some("PMP"),
            kind: some("regular"),
            subtype: None,
            category: some("utility"),
            cost: None,
        }),
        recipient: WhatsAppUser {
            parent_user_id: some("DE.ENT.4"),
            username: some("ines.h"),
            ..ines()
        },
        ..bare("wamid.MSOUT1==", StatusKind::Sent, 1_790_001_000, phone(INES), raw)
    });
}

/// Whether a service message was free is said, not to be worked out; `billable` may be missing.
#[test]
fn prices_since_october_2026_say_what_was_free_and_what_it_cost() {
    let prices: Vec<Pricing> = items("status_prices_since_october")
        .iter()
        .map(|item| status(item).pricing.clone().unwrap())
        .collect();
    let priced = |kind, category| Pricing {
        billable: Some(true),
        model: some("PMP"),
        kind: some(kind),
        subtype: None,
        category: some(category),
        cost: None,
    };
    let free = Pricing {
        billable: Some(false),
        ..priced("free_customer_service", "service")
    };
    let exempt = Pricing {
        billable: None,
        subtype: some("paid_exempt"),
        ..priced("regular", "service")
    };
    let bid = Pricing {
        cost: Some(("0.0119".to_owned(), "EUR".to_owned())),
        ..priced("regular", "marketing_lite")
    };
    assert_eq!(prices, [free, exempt, bid]);
}

#[test]
fn a_failure_says_why() {
    let title = some("Not delivered");
    let error = WebhookError {
        code: Some(131_049),
        subcode: None,
        title: title.clone(),
        message: title,
        details: some("In order to maintain a healthy ecosystem engagement, the message failed to be delivered."),
        href: some("/documentation/error-codes"),
    };
    check(&only_item("status_failed"), |raw| StatusUpdate {
        errors: vec![error],
        ..bare("wamid.MSOUT2==", StatusKind::Failed, 1_790_001_001, phone(INES), raw)
    });
}

#[test]
fn a_recipient_may_have_no_number() {
    check(&only_item("status_without_number"), |raw| {
        let rae = WhatsAppUser {
            user_id: some("US.7310044"),
            parent_user_id: some("US.ENT.99120"),
            ..WhatsAppUser::default()
        };
        bare("wamid.MSOUT3==", StatusKind::Delivered, 1_790_001_002, rae, raw)
    });
}

#[test]
fn in_a_group_the_participant_is_found_under_either_key() {
    let items = items("statuses_of_a_group");
    assert_eq!(items.len(), 2);
    check(&items[0], |raw| StatusUpdate {
        participant: Some(WhatsAppUser {
            user_id: some(INES_ID),
            ..phone(INES)
        }),
        group: true,
        group_id: some("Z3J1cHBlLTE="),
        conversation_id: some("c0ffee2"),
        conversation_origin: some("group_service"),
        pricing: Some(Pricing {
            billable: Some(false),
            model: some("PMP"),
            kind: None,
            subtype: None,
            category: some("group_service"),
            cost: None,
        }),
        ..bare(
            "wamid.MSOUT4==",
            StatusKind::Read,
            1_790_001_003,
            WhatsAppUser::default(),
            raw,
        )
    });
    check(&items[1], |raw| StatusUpdate {
        participant: Some(phone("48600555010")),
        group: true,
        group_id: some("Z3J1cHBlLTE="),
        ..bare(
            "wamid.MSOUT4==",
            StatusKind::Read,
            1_790_001_004,
            WhatsAppUser::default(),
            raw,
        )
    });
}

#[test]
fn statuses_of_calls_and_payments_are_not_statuses_of_messages() {
    let items = items("statuses_of_other_things");
    let event = |item: &WebhookItem| match &item.change {
        Change::Account(AccountEvent {
            event,
            subject,
            detail: AccountDetail::Call(_) | AccountDetail::Other,
            ..
        }) => (event.name, subject.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(event(&items[0]), ("call.event", some("wacid.MSCALL==")));
    assert_eq!(event(&items[1]), ("meta.payment_status", some("wamid.MSPAY==")));
    assert_eq!(status(&items[2]).status, StatusKind::Other("teleported".to_owned()));
    assert_eq!(reason(&items[3]), UnknownReason::NoId);
    assert_eq!(reason(&items[4]), UnknownReason::MissingEssentials);
    assert_eq!(items.len(), 5);
}

#[test]
fn every_kind_is_written_as_it_is_read() {
    for word in [
        "accepted",
        "sent",
        "delivered",
        "read",
        "played",
        "failed",
        "deleted",
        "warning",
        "expired",
    ] {
        let kind = StatusKind::parse(word);
        assert_eq!(kind.as_str(), word);
        assert_eq!(matches!(kind, StatusKind::Other(_)), word == "expired", "{word}");
    }
}

#[test]
fn a_status_and_the_contact_beside_it_name_both_forms_of_a_number() {
    let body = r#"{"entry":[{"changes":[{"field":"messages","value":{"contacts":[{"wa_id":"551155501234","user_id":"BR.600"}],
        "statuses":[{"id":"wamid.1","status":"sent","recipient_id":"5511955501234"}]}}]}]}"#;
    let webhook = parse(body.as_bytes()).expect("a webhook");
    let recipient = &status(&webhook.items[0]).recipient;
    let both = WhatsAppUser {
        user_id: some("BR.600"),
        other_phone: some("551155501234"),
        ..phone("5511955501234")
    };
    assert_eq!(*recipient, both);
}

#[test]
fn what_is_stored_of_a_status_names_its_recipient_and_no_group() {
    let named = WhatsAppUser {
        user_id: some("GB.1"),
        ..phone("447700900123")
    };
    assert_eq!(
        recipient_of_stored_status(r#"{"id":"w","recipient_id":"447700900123","recipient_user_id":"GB.1"}"#),
        Some(named)
    );
    for nobody in [
        r#"{"id":"w"}"#,
        r#"{"recipient_id":"G1","recipient_type":"group"}"#,
        "null",
    ] {
        assert_eq!(recipient_of_stored_status(nobody), None, "{nobody}");
    }
}
