//! From stored webhooks to conversations.

use mainstay::{
    crypto::{Keyring, Signer},
    db::Sql,
    directory::SignedBy,
    inbound, tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::{NUMBER, TestApp},
    snapshot::snapshot,
    webhook::{ANA, BEN, CLEO, T0, Who, change, message, text, to},
};

#[both_databases]
async fn a_text_message_becomes_a_conversation(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hola, ¿están abiertos?")).await;
    let seen = snapshot(&test.app.db, test.tenant).await;
    let ana = "Ana phone=5491123456789 user_id=AR.1001";
    assert_eq!(
        seen,
        [
            format!("contact {ana}"),
            format!(
                "conversation with {ana}: wamid.1 text Some(\"Hola, ¿están abiertos?\") unread 1 until Some({})",
                T0 + 86_400
            ),
            format!("message wamid.1 text inbound received Some(\"Hola, ¿están abiertos?\") None with {ana}"),
        ]
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done' AND fields = 'messages'")
            .await,
        1
    );
}

#[both_databases]
async fn a_redelivered_webhook_changes_nothing(test: TestApp) {
    for _ in 0..3 {
        test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'message.received'")
            .await,
        1
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        3
    );
}

/// Several Messaging accounts may hear of one number: the number and the wamid say what is the same, not the account.
#[both_databases]
async fn a_webhook_that_several_messaging_accounts_hear_is_one_message(test: TestApp) {
    let body = text(ANA, "wamid.1", T0, "Hi");
    for (account, object) in [
        ("102290129340398", "whatsapp_business_account"),
        ("800000000000001", "whatsapp_business_account"),
        ("900000000000001", "whatsapp_account"),
    ] {
        let mut body = body.clone();
        body["entry"][0]["id"] = json!(account);
        body["object"] = json!(object);
        test.receive(&body).await;
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'message.received'")
            .await,
        1
    );
}

#[both_databases]
async fn a_number_and_a_user_id_that_turn_out_to_be_one_person_are_merged(test: TestApp) {
    let by_phone = Who { user_id: None, ..ANA };
    let by_id = Who {
        phone: None,
        name: "Anita",
        ..ANA
    };
    test.receive(&text(by_phone, "wamid.1", T0, "by number")).await;
    test.receive(&text(by_id, "wamid.2", T0 + 1, "by user id")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 2);
    test.receive(&text(ANA, "wamid.3", T0 - 5, "both at once")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 1);
    assert_eq!(test.count("SELECT COUNT(*) FROM conversations").await, 1);
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 3);
    assert_eq!(test.count("SELECT COUNT(DISTINCT contact_id) FROM messages").await, 1);
    let (name, last): (String, String) = test
        .app
        .db
        .sql(
            "SELECT p.name, c.last_message_wamid FROM contacts p JOIN conversations c ON c.contact_id = p.id",
            (),
        )
        .one()
        .await
        .unwrap();
    assert_eq!((name.as_str(), last.as_str()), ("Anita", "wamid.2"));
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'contact.merged'")
            .await,
        1
    );
}

#[both_databases]
async fn a_changed_number_stays_the_same_person(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "old number")).await;
    let system = json!({ "type": "system", "system": {
        "type": "user_changed_number", "body": "Ana changed from A to B", "wa_id": "5491187654321",
        "user_id": "AR.2001", "previous_user_id": "AR.1001" } });
    test.receive(&change("messages", message(ANA, "wamid.2", T0 + 10, system)))
        .await;
    let moved = Who {
        phone: Some("5491187654321"),
        user_id: Some("AR.2001"),
        name: "Ana",
    };
    test.receive(&text(moved, "wamid.3", T0 + 20, "new number")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM contact_identities WHERE retired_at IS NOT NULL")
            .await,
        2
    );
    let stranger = Who {
        phone: ANA.phone,
        user_id: Some("AR.3001"),
        name: "Zoe",
    };
    test.receive(&text(stranger, "wamid.4", T0 + 99, "this number is mine now"))
        .await;
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 2);
}

#[both_databases]
async fn an_edit_and_a_revocation_reach_their_message_even_when_they_come_first(test: TestApp) {
    let edit = |target: &str, body: &str| {
        json!({ "type": "edit", "edit": {
        "original_message_id": target, "message": { "type": "text", "text": { "body": body } } } })
    };
    let revoke = json!({ "type": "revoke", "revoke": { "original_message_id": "wamid.1" } });
    test.receive(&change(
        "messages",
        message(ANA, "wamid.2", T0 + 2, edit("wamid.1", "second wording")),
    ))
    .await;
    test.receive(&text(ANA, "wamid.1", T0, "first wording")).await;
    test.receive(&change(
        "messages",
        message(ANA, "wamid.3", T0 + 3, edit("wamid.1", "third wording")),
    ))
    .await;
    test.receive(&change("messages", message(ANA, "wamid.4", T0 + 9, revoke)))
        .await;
    let row: (String, bool) = test
        .app
        .db
        .sql(
            "SELECT text, revoked_at IS NOT NULL FROM messages WHERE wamid = 'wamid.1'",
            (),
        )
        .one()
        .await
        .unwrap();
    assert_eq!(row, ("third wording".to_owned(), true));
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 1);
}

#[both_databases]
async fn a_group_is_a_conversation_of_several_authors(test: TestApp) {
    for (who, wamid) in [(ANA, "wamid.1"), (BEN, "wamid.2"), (CLEO, "wamid.3")] {
        let content = json!({ "type": "text", "group_id": "Y2FwaV9ncm91cA", "text": { "body": "hello all" } });
        test.receive(&change("messages", message(who, wamid, T0, content)))
            .await;
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM conversations").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM contacts WHERE kind = 'group'").await,
        1
    );
    assert_eq!(test.count("SELECT COUNT(DISTINCT contact_id) FROM messages").await, 3);
}

#[both_databases]
async fn one_bad_item_costs_its_neighbours_nothing(test: TestApp) {
    let mut value = message(
        ANA,
        "wamid.1",
        T0,
        json!({ "type": "text", "text": { "body": "fine" } }),
    );
    let odd = [
        json!({ "type": "text", "text": { "body": "no id" } }),
        json!(42),
        json!({ "id": "wamid.2", "type": "hologram",
        "from": "5491123456789", "timestamp": "1790000001", "hologram": { "of": "a cat" } }),
    ];
    value["messages"].as_array_mut().unwrap().extend(odd);
    test.receive(&change("messages", value)).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE type = 'hologram'")
            .await,
        1
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM unrecognized_items").await, 2);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        1
    );
}

#[both_databases]
async fn what_is_no_webhook_at_all_is_kept_and_marked(test: TestApp) {
    for body in ["not json", "[]", "{}", r#"{"object":"page","entry":[]}"#] {
        test.store(body).await;
    }
    test.process_all(64).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        4
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM unrecognized_items").await, 4);
}

#[both_databases]
async fn a_webhook_of_an_unknown_number_waits_until_the_number_is_added(test: TestApp) {
    let content = message(
        ANA,
        "wamid.1",
        T0,
        json!({ "type": "text", "text": { "body": "hello?" } }),
    );
    test.receive(&to("999888777", "messages", content)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'quarantined'")
            .await,
        1
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM quarantine WHERE subject = 'phone_number:999888777'")
            .await,
        1
    );
    let added = test.add_channel(test.tenant, "999888777", "1").await;
    assert_eq!(added.released, 1);
    test.process_all(64).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(test.count("SELECT COUNT(*) FROM quarantine").await, 0);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        1
    );
}

#[both_databases]
async fn a_tenants_own_secret_speaks_for_its_own_channels_only(test: TestApp) {
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let body = text(ANA, "wamid.1", T0, "forged").to_string();
    test.app
        .intake
        .store(body.into(), SignedBy::Tenant(rival.id, Signer::new("their own").id()))
        .await
        .unwrap();
    test.process_all(64).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 0);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM unrecognized_items WHERE reason = 'signed_by_another_tenant'")
            .await,
        1
    );
}

#[both_databases]
async fn a_stop_word_to_meta_is_an_opt_out_here(test: TestApp) {
    let preference = |value: &str, at: i64| {
        change(
            "user_preferences",
            json!({
        "contacts": [{ "wa_id": ANA.phone, "user_id": ANA.user_id, "profile": { "name": "Ana" } }],
        "user_preferences": [{ "wa_id": ANA.phone, "category": "marketing_messages", "value": value, "timestamp": at,
            "detail": "User requested to change marketing messages" }] }),
        )
    };
    test.receive(&preference("stop", T0 + 10)).await;
    test.receive(&preference("resume", T0)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM contacts WHERE marketing_stopped")
            .await,
        1
    );
    let (data,): (String,) = test
        .app
        .db
        .sql("SELECT data FROM events WHERE type = 'contact.opted_out'", ())
        .one()
        .await
        .unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    assert!(data["contact_id"].as_str().unwrap().starts_with("con_"), "{data}");
}

#[both_databases]
async fn events_are_numbered_without_gaps(test: TestApp) {
    for n in 0..30 {
        test.store(text(if n % 2 == 0 { ANA } else { BEN }, &format!("wamid.{n}"), T0 + n, "hi").to_string())
            .await;
    }
    test.process_all(7).await;
    let rows: Vec<(i64,)> = test
        .app
        .db
        .sql("SELECT sequence FROM events ORDER BY sequence", ())
        .all()
        .await
        .unwrap();
    let rows: Vec<i64> = rows.into_iter().map(|(n,)| n).collect();
    assert_eq!(rows, (1..=rows.len() as i64).collect::<Vec<_>>());
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'message.received'")
            .await,
        30
    );
}

#[both_databases]
async fn an_event_the_database_refuses_is_isolated_from_its_batch(test: TestApp) {
    poison(&test, "wamid.poison").await;
    let mut value = message(
        ANA,
        "wamid.good-1",
        T0,
        json!({ "type": "text", "text": { "body": "fine" } }),
    );
    let bad = message(
        BEN,
        "wamid.poison",
        T0,
        json!({ "type": "text", "text": { "body": "bad" } }),
    );
    value["messages"]
        .as_array_mut()
        .unwrap()
        .push(bad["messages"][0].clone());
    value["contacts"]
        .as_array_mut()
        .unwrap()
        .push(bad["contacts"][0].clone());
    test.store(text(ANA, "wamid.good-2", T0, "fine").to_string()).await;
    let poisonous = test.store(change("messages", value).to_string()).await;
    test.store(text(BEN, "wamid.good-3", T0, "fine").to_string()).await;
    let failures = inbound::process(&test.app.inbound, &test.due(10).await).await.failures;
    assert_eq!(
        failures.iter().map(|it| (it.event, it.transient)).collect::<Vec<_>>(),
        [(poisonous, false)]
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 3);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        2
    );
}

#[both_databases]
async fn every_fixture_is_processed_or_kept_as_unknown(test: TestApp) {
    let fixtures = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/webhooks")).unwrap();
    let corpus = std::env::var("WEBHOOK_CORPUS")
        .ok()
        .map(|folder| std::fs::read_dir(folder).expect("WEBHOOK_CORPUS is a folder"));
    let mut bodies = 0;
    for file in fixtures.chain(corpus.into_iter().flatten()) {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let body = std::fs::read(&path).unwrap();
            adopt_numbers(&test, &body).await;
            test.store(body).await;
            bodies += 1;
        }
    }
    test.process_all(16).await;
    let settled = test
        .count("SELECT COUNT(*) FROM raw_events WHERE state IN ('done', 'quarantined')")
        .await;
    assert_eq!(settled, bodies);
    assert!(test.count("SELECT COUNT(DISTINCT type) FROM messages").await >= 15);
}

/// Adds a channel for every phone number a body names, so that its items are applied and not only kept.
async fn adopt_numbers(test: &TestApp, body: &[u8]) {
    let Ok(webhook) = mainstay::meta::webhook::parse(body) else {
        return;
    };
    for item in webhook.items {
        let number = item
            .phone_number_id
            .filter(|it| it.len() <= 32 && it.bytes().all(|b| b.is_ascii_digit()));
        let waba = item
            .entry_id
            .filter(|it| it.len() <= 32 && it.bytes().all(|b| b.is_ascii_digit()));
        if let (Some(number), Some(waba)) = (number, waba)
            && *number != *NUMBER
            && test.app.directory.current().number(&number).is_none()
        {
            test.add_channel(test.tenant, &number, &waba).await;
        }
    }
}

/// Makes the database refuse one message, as a broken index or a bug would.
async fn poison(test: &TestApp, wamid: &'static str) {
    assert_eq!(wamid, "wamid.poison");
    const SQLITE: &str = "
        CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.wamid = 'wamid.poison'
        BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    const POSTGRES: &str = "
        ALTER TABLE messages ADD CONSTRAINT poison CHECK (wamid <> 'wamid.poison')";
    test.app.db.sql(Sql::each(SQLITE, POSTGRES), ()).run().await.unwrap();
}

#[test]
fn a_generated_master_key_is_accepted() {
    assert!(Keyring::parse(&Keyring::generate()).is_ok());
}
