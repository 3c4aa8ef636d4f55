//! The demo, run briefly on a database of its own.

use std::time::Duration;

use mainstay_sim::{Ledger, Message, Record, Source, Status};
use uuid::Uuid;

use super::*;
use crate::db::Scratch;

fn args(scratch: &Scratch, rude: bool) -> Args {
    Args {
        customers: CustomerArgs {
            rate: 200.0,
            customers: 5,
            rude,
            lasting: Some(Duration::from_millis(1_500)),
        },
        host: "127.0.0.1".to_owned(),
        port: 0,
        data: scratch.folder().join("demo"),
        log: "warn".to_owned(),
        forward: None,
        forwarding: ForwardOptions::default(),
    }
}

#[tokio::test]
async fn whatever_was_acknowledged_is_found_however_rude_the_traffic() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for rude in [false, true] {
        let scratch = Scratch::empty().await;
        let args = args(&scratch, rude);
        let setup = DemoSetup::set(&args).await.unwrap();
        let summary = run_process(&args, &setup, &LiveOutput::new(true)).await.unwrap();
        assert_eq!(
            (summary.lost(), summary.waiting, summary.forged_accepted),
            (0, 0, 0),
            "{summary:?}"
        );
        assert_eq!(summary.webhooks.acknowledged, summary.webhooks.stored, "{summary:?}");
        assert!(
            summary.messages.stored > 0 && summary.statuses.stored > 0,
            "{summary:?}"
        );
    }
}

fn acknowledged<T>(item: T) -> Record<T> {
    Record {
        item,
        generated: 1,
        acknowledged: 1,
    }
}

#[tokio::test]
async fn whatever_was_acknowledged_and_is_not_there_is_counted_as_lost_and_named() {
    let scratch = Scratch::empty().await;
    let setup = DemoSetup::set(&args(&scratch, false)).await.unwrap();
    let phone_number_id = setup::sim_config().phone_number_id;
    let mut ledger = Ledger::default();
    ledger.totals.answers.insert(200, 3);
    ledger.totals.answers.insert(503, 9);
    ledger.messages.push(acknowledged(Message {
        phone_number_id: phone_number_id.clone(),
        wamid: "wamid.A".to_owned(),
        source: Source::Inbound,
        message_type: "text".to_owned(),
        shape: None,
        from: None,
        user_id: "NL.1".to_owned(),
        timestamp: 1_790_000_000,
    }));
    ledger.statuses.push(acknowledged(Status {
        phone_number_id,
        wamid: "wamid.B".to_owned(),
        status: "read".to_owned(),
        timestamp: 1_790_000_001,
        participant: None,
    }));
    let summary = Summary::compare_with(&ledger, &setup, Uuid::nil()).await.unwrap();
    assert_eq!(
        (summary.webhooks.lost, summary.messages.lost, summary.statuses.lost),
        (3, 1, 1)
    );
    assert_eq!(summary.lost(), 5);
    let named = ["message wamid.A", "status read of wamid.B at 2026-09-21 14:13:21 UTC"];
    assert_eq!(summary.missing, named);
}

#[tokio::test]
async fn a_second_start_goes_on_with_the_tenant_the_channel_and_the_key_of_the_first() {
    let scratch = Scratch::empty().await;
    let args = args(&scratch, false);
    let first = DemoSetup::set(&args).await.unwrap();
    first.db.close().await;
    let second = DemoSetup::set(&args).await.unwrap();
    assert_eq!(
        (first.tenant, first.channel, &first.api_key),
        (second.tenant, second.channel, &second.api_key)
    );
    second
        .db
        .sql("UPDATE api_keys SET revoked_at = created_at", ())
        .run()
        .await
        .unwrap();
    let third = DemoSetup::set(&args).await.unwrap();
    assert_ne!(second.api_key, third.api_key);
}

#[tokio::test]
async fn secrets_that_belong_to_another_database_are_told_apart() {
    let scratch = Scratch::empty().await;
    let args = args(&scratch, false);
    DemoSetup::set(&args).await.unwrap();
    std::fs::remove_file(args.data.join("demo.json")).unwrap();
    let refused = DemoSetup::set(&args).await.err().unwrap().to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
}
