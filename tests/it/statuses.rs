//! What Meta reports of messages: kept whole, applied forward only, joined to messages whenever those are known.

use mainstay::{db::Sql, inbound};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    webhook::{ANA, BEN, T0, change, echo, status},
};

#[both_databases]
async fn statuses_only_move_forward_whatever_their_order(test: TestApp) {
    test.receive(&echo(ANA, "wamid.out", T0, "We are open")).await;
    for (word, expected) in [
        ("read", "read"),
        ("sent", "read"),
        ("delivered", "read"),
        ("failed", "read"),
        ("played", "played"),
    ] {
        test.receive(&status("wamid.out", word, T0 + 5)).await;
        let (now,): (String,) = test.app.db.sql("SELECT status FROM messages", ()).one().await.unwrap();
        assert_eq!(now, expected, "after {word}");
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM message_statuses WHERE message_id IS NOT NULL")
            .await,
        5
    );
    let told: Vec<(String,)> = test
        .app
        .db
        .sql(
            "SELECT type FROM events WHERE data LIKE '{\"message_id\"%' ORDER BY sequence",
            (),
        )
        .all()
        .await
        .unwrap();
    let told: Vec<String> = told.into_iter().map(|(kind,)| kind).collect();
    assert_eq!(
        told,
        [
            "message.read",
            "message.sent",
            "message.delivered",
            "message.failed",
            "message.played"
        ]
    );
}

#[both_databases]
async fn a_failure_keeps_its_reason(test: TestApp) {
    test.receive(&echo(ANA, "wamid.out", T0, "Hello")).await;
    test.receive(&status("wamid.out", "sent", T0 + 1)).await;
    test.receive(&status("wamid.out", "failed", T0 + 2)).await;
    let row: (String, i64, String) = test
        .app
        .db
        .sql("SELECT status, error_code, error_title FROM messages", ())
        .one()
        .await
        .unwrap();
    assert_eq!(row, ("failed".to_owned(), 131_026, "Message undeliverable".to_owned()));
}

#[both_databases]
async fn a_status_waits_for_a_message_nobody_knows_yet(test: TestApp) {
    test.receive(&status("wamid.out", "delivered", T0 + 5)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM message_statuses WHERE message_id IS NULL")
            .await,
        1
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type <> 'channel.connected'")
            .await,
        0
    );
    test.receive(&echo(ANA, "wamid.out", T0, "Early bird")).await;
    let (now,): (String,) = test.app.db.sql("SELECT status FROM messages", ()).one().await.unwrap();
    assert_eq!(now, "delivered");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM message_statuses WHERE message_id IS NULL")
            .await,
        0
    );
}

#[both_databases]
async fn a_status_that_met_its_message_in_the_dark_is_joined_later(test: TestApp) {
    test.receive(&echo(ANA, "wamid.out", T0, "Hello")).await;
    test.receive(&status("wamid.out", "read", T0 + 5)).await;
    test.app
        .db
        .sql("UPDATE message_statuses SET message_id = NULL", ())
        .run()
        .await
        .unwrap();
    test.app
        .db
        .sql("UPDATE messages SET status = 'sent', status_rank = 20", ())
        .run()
        .await
        .unwrap();
    assert_eq!(inbound::join_overlooked(&test.app.inbound).await.unwrap(), 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE status = 'read'").await,
        1
    );
    assert_eq!(inbound::join_overlooked(&test.app.inbound).await.unwrap(), 0);
}

#[both_databases]
async fn a_status_that_cannot_be_joined_holds_up_no_other(test: TestApp) {
    for wamid in ["wamid.1", "wamid.poison", "wamid.3"] {
        test.receive(&echo(ANA, wamid, T0, "Hello")).await;
        test.receive(&status(wamid, "read", T0 + 5)).await;
    }
    test.app
        .db
        .sql("UPDATE message_statuses SET message_id = NULL", ())
        .run()
        .await
        .unwrap();
    test.app
        .db
        .sql("UPDATE messages SET status = 'sent', status_rank = 20", ())
        .run()
        .await
        .unwrap();
    let told = test.count("SELECT COUNT(*) FROM events").await;
    const POISON_SQLITE: &str = "
        CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN NEW.wamid = 'wamid.poison' AND NEW.status = 'read'
        BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    const POISON_POSTGRES: &str =
        "ALTER TABLE messages ADD CONSTRAINT poison CHECK (wamid <> 'wamid.poison' OR status <> 'read')";
    test.app
        .db
        .sql(Sql::each(POISON_SQLITE, POISON_POSTGRES), ())
        .run()
        .await
        .unwrap();
    let refused = inbound::join_overlooked(&test.app.inbound).await.unwrap_err();
    assert!(refused.to_string().contains("poison"), "{refused}");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE status = 'read'").await,
        2
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM message_statuses WHERE message_id IS NULL")
            .await,
        1
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM events").await, told + 2);
    test.app
        .db
        .sql(
            Sql::each("DROP TRIGGER poison", "ALTER TABLE messages DROP CONSTRAINT poison"),
            (),
        )
        .run()
        .await
        .unwrap();
    assert_eq!(inbound::join_overlooked(&test.app.inbound).await.unwrap(), 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE status = 'read'").await,
        3
    );
}

#[both_databases]
async fn what_one_member_of_a_group_did_not_get_the_others_may_have(test: TestApp) {
    let [ana, ben] = [ANA, BEN].map(|who| who.phone);
    let told = [
        [("sent", None), ("failed", ben), ("delivered", ana)],
        [("sent", ana), ("sent", ben), ("failed", ben)],
        [("failed", ana), ("failed", ben), ("read", ana)],
        [("sent", None), ("delivered", ana), ("failed", None)],
        [("sent", None), ("failed", ben), ("failed", None)],
    ];
    let ends = [
        ("delivered", None),
        ("sent", None),
        ("read", None),
        ("delivered", None),
        ("failed", Some(131_026)),
    ];
    for (case, (told, end)) in told.into_iter().zip(ends).enumerate() {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let [first, second, third] = order;
            let wamid = format!("wamid.{case}{first}{second}{third}");
            test.receive(&group_echo(&wamid)).await;
            for (word, member) in order.map(|place| told[place]) {
                test.receive(&group_status(&wamid, word, member)).await;
            }
            let row: (String, Option<i64>) = test
                .app
                .db
                .sql(
                    "SELECT status, error_code FROM messages WHERE wamid = $1",
                    (wamid.clone(),),
                )
                .one()
                .await
                .unwrap();
            assert_eq!(row, (end.0.to_owned(), end.1), "{wamid}: {told:?}");
            let kept: (i64,) = test
                .app
                .db
                .sql(
                    "SELECT COUNT(*) FROM message_statuses WHERE wamid = $1 AND message_id IS NOT NULL",
                    (wamid,),
                )
                .one()
                .await
                .unwrap();
            assert_eq!(kept, (3,), "all are history");
        }
    }
    let failures = |kind: &'static str| {
        test.app.db.sql(
            "SELECT COUNT(*) FROM events WHERE type = $1 AND data LIKE '%\"status\":\"failed\"%'",
            (kind.to_owned(),),
        )
    };
    let (of_members,): (i64,) = failures("message.reported").one().await.unwrap();
    let (of_messages,): (i64,) = failures("message.failed").one().await.unwrap();
    assert_eq!((of_members, of_messages), (5 * 6, 2 * 6));
}

/// A message the business sent to a group from its own phone.
fn group_echo(wamid: &str) -> Value {
    let echo = json!({ "from": "15550783881", "group_id": "G1", "id": wamid, "timestamp": T0.to_string(),
        "type": "text", "text": { "body": "to all" } });
    change("smb_message_echoes", json!({ "message_echoes": [echo] }))
}

/// What became of it, for one member or as a whole.
fn group_status(wamid: &str, word: &str, member: Option<&str>) -> Value {
    let mut webhook = status(wamid, word, T0 + 5);
    let report = &mut webhook["entry"][0]["changes"][0]["value"]["statuses"][0];
    report["recipient_id"] = json!("G1");
    report["recipient_type"] = json!("group");
    if let Some(member) = member {
        report["recipient_participant_id"] = json!(member);
    }
    webhook
}
