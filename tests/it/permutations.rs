//! Meta promises no order and delivers twice: any permutation of a stream, with any repetition, in any batches, must end in the same
//! state.

use mainstay_test_macros::both_databases;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    snapshot::snapshot,
    webhook::{ANA, BEN, CLEO, T0, Who, echo, message, status, status_to, text, to},
};

#[both_databases]
async fn any_order_and_repetition_ends_in_the_same_state(test: TestApp) {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let expected = play(&test, 0, stream(), 8).await;
    assert!(expected.len() > 20, "{expected:#?}");
    for case in 1..=40 {
        let mut stream = stream();
        let repeated: Vec<Value> = stream.iter().filter(|_| random.random_bool(0.4)).cloned().collect();
        stream.extend(repeated);
        stream.shuffle(&mut random);
        let batch = random.random_range(1..=stream.len());
        let seen = play(&test, case, stream, batch).await;
        assert_eq!(seen, expected, "seed {seed}, case {case}");
    }
}

/// Processes the stream for a tenant of its own and tells what is stored in the end.
async fn play(test: &TestApp, case: usize, stream: Vec<Value>, batch: usize) -> Vec<String> {
    let (tenant, _) = mainstay::tenancy::create_tenant(&test.registry, &format!("case {case}"))
        .await
        .unwrap();
    let number = format!("7000{case}");
    test.add_channel(tenant.id, &number, "1").await;
    for webhook in stream {
        let body = to(
            &number,
            webhook["entry"][0]["changes"][0]["field"].as_str().unwrap(),
            webhook["entry"][0]["changes"][0]["value"].clone(),
        );
        test.store(body.to_string()).await;
    }
    test.process_all(batch).await;
    snapshot(&test.app.db, tenant.id).await
}

/// A Mexican number as it is dialled, and as WhatsApp knows the person.
const DIALLED: Who = Who {
    phone: Some("525512345678"),
    user_id: None,
    name: "Mia",
};
const KNOWN: Who = Who {
    phone: Some("5215512345678"),
    user_id: Some("MX.1004"),
    name: "Mia",
};

/// A bit of everything whose order could matter.
fn stream() -> Vec<Value> {
    let change = |value| to("0", "messages", value);
    let renamed = Who {
        name: "Ana María",
        ..ANA
    };
    let by_phone = Who { user_id: None, ..BEN };
    let by_id = Who { phone: None, ..BEN };
    let edit = |body: &str| {
        json!({ "type": "edit", "edit": { "original_message_id": "wamid.a1",
        "message": { "type": "text", "text": { "body": body } } } })
    };
    let revoke = json!({ "type": "revoke", "revoke": { "original_message_id": "wamid.a2" } });
    let reaction = json!({ "type": "reaction", "reaction": { "message_id": "wamid.o1", "emoji": "👍" } });
    let group = json!({ "type": "text", "group_id": "G1", "text": { "body": "to all" } });
    let group_echo = json!({ "from": "15550783881", "group_id": "G1", "id": "wamid.o3", "timestamp": (T0 + 8).to_string(),
        "type": "text", "text": { "body": "to all" } });
    let group_echo = to("0", "smb_message_echoes", json!({ "message_echoes": [group_echo] }));
    let in_group = |word: &str, who: Who| {
        let mut webhook = status("wamid.o3", word, T0 + 9);
        let report = &mut webhook["entry"][0]["changes"][0]["value"]["statuses"][0];
        report["recipient_participant_id"] = json!(who.phone);
        webhook
    };
    vec![
        text(ANA, "wamid.a1", T0, "first"),
        text(ANA, "wamid.a2", T0 + 7, "second"),
        text(renamed, "wamid.a3", T0 + 5, "renamed"),
        change(message(ANA, "wamid.a4", T0 + 8, edit("edited once"))),
        change(message(ANA, "wamid.a5", T0 + 9, edit("edited twice"))),
        change(message(ANA, "wamid.a6", T0 + 9, revoke)),
        change(message(ANA, "wamid.a7", T0 + 11, reaction)),
        text(by_phone, "wamid.b1", T0 + 1, "by number"),
        text(by_id, "wamid.b2", T0 + 2, "by user id"),
        text(BEN, "wamid.b3", T0 + 3, "by both"),
        text(CLEO, "wamid.c1", T0 + 4, "no number"),
        change(message(BEN, "wamid.g1", T0 + 4, group.clone())),
        change(message(CLEO, "wamid.g2", T0 + 5, group)),
        echo(ANA, "wamid.o1", T0 + 6, "answer"),
        status("wamid.o1", "sent", T0 + 7),
        status("wamid.o1", "delivered", T0 + 8),
        status("wamid.o1", "read", T0 + 9),
        echo(BEN, "wamid.o2", T0 + 6, "never arrives"),
        status_to(BEN, "wamid.o2", "sent", T0 + 7),
        status_to(by_id, "wamid.o2", "failed", T0 + 8),
        echo(DIALLED, "wamid.o4", T0 + 6, "to a number of two forms"),
        status_to(KNOWN, "wamid.o4", "sent", T0 + 7),
        status_to(KNOWN, "wamid.o4", "delivered", T0 + 8),
        text(KNOWN, "wamid.k1", T0 + 9, "here I am"),
        group_echo,
        in_group("sent", BEN),
        in_group("failed", BEN),
        in_group("delivered", ANA),
        status("wamid.nobody-knows", "delivered", T0 + 8),
    ]
}
