//! Stored webhooks, processed again.

use chrono::{TimeDelta, Utc};
use mainstay::{
    domain::WorkState,
    inbound::replay::{Selection, replay},
    records::{engine, tally},
};
use mainstay_test_macros::both_databases;

use crate::support::{
    app::TestApp,
    snapshot::snapshot,
    webhook::{ANA, BEN, T0, echo, status, text},
};

fn everything(state: Option<WorkState>) -> Selection {
    Selection::Range {
        from: None,
        to: None,
        state,
    }
}

#[both_databases]
async fn whatever_is_replayed_leaves_the_same_result(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Good morning")).await;
    test.receive(&text(BEN, "wamid.2", T0 + 1, "Hello")).await;
    test.receive(&echo(ANA, "wamid.3", T0 + 2, "We are open")).await;
    test.receive(&status("wamid.3", "read", T0 + 3)).await;
    let before = snapshot(&test.app.db, test.tenant).await;
    let events = test.count("SELECT COUNT(*) FROM events").await;

    let report = replay(&test.app.db, test.app.clock.now(), everything(None), false)
        .await
        .unwrap();
    assert_eq!((report.matched, report.replayed), (4, 4));
    assert_eq!(test.due(10).await.len(), 4);
    test.process_all(64).await;

    assert_eq!(snapshot(&test.app.db, test.tenant).await, before);
    assert_eq!(test.count("SELECT COUNT(*) FROM events").await, events);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        4
    );
}

#[both_databases]
async fn each_way_of_choosing_finds_the_same_events_on_both_databases(test: TestApp) {
    let first = test.receive(&text(ANA, "wamid.1", T0, "One")).await;
    let second = test.receive(&text(ANA, "wamid.2", T0 + 1, "Two")).await;
    const BURY: &str = "UPDATE raw_events SET state = 'dead', attempts = 9, last_error = 'no' WHERE id = $1";
    test.app.db.sql(BURY, (first,)).run().await.unwrap();
    const CLAIM: &str = "UPDATE raw_events SET state = 'running' WHERE id = $1";
    test.app.db.sql(CLAIM, (second,)).run().await.unwrap();

    let now = test.app.clock.now();
    let dead = replay(&test.app.db, now, everything(Some(WorkState::Dead)), true)
        .await
        .unwrap();
    assert_eq!((dead.sample, dead.replayed), (vec![first], 0));
    let any = replay(&test.app.db, now, everything(None), true).await.unwrap();
    assert_eq!(any.sample, [first]);
    let by_id = Selection::Ids(vec![second, first]);
    assert_eq!(
        replay(&test.app.db, now, by_id.clone(), true).await.unwrap().sample,
        [first]
    );
    let hour_ago = Selection::Range {
        from: None,
        to: Some(now - TimeDelta::hours(1)),
        state: None,
    };
    assert_eq!(replay(&test.app.db, now, hour_ago, true).await.unwrap().matched, 0);

    assert_eq!(replay(&test.app.db, now, by_id, false).await.unwrap().replayed, 1);
    assert_eq!(test.due(10).await, [first]);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE attempts = 0 AND last_error IS NULL AND state = 'pending'")
            .await,
        1
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'running'")
            .await,
        1
    );
}

#[both_databases]
async fn the_tally_counts_what_is_there(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "One")).await;
    test.store("{}").await;
    let tally = tally::tally(test.app.db.reader()).await.unwrap();
    assert_eq!((tally.stored, tally.waiting, tally.set_aside), (2, 1, 0));
    assert_eq!((tally.conversations, tally.messages), (1, 1));
    assert!(tally.oldest_waiting_at.is_some());
    let channel = test
        .app
        .directory
        .current()
        .number(crate::support::app::NUMBER)
        .unwrap()
        .channel;
    let known = tally::known_messages(test.app.db.reader(), test.tenant, channel, &["wamid.1", "wamid.9"])
        .await
        .unwrap();
    assert_eq!(known, [("wamid.1".to_owned(),)]);
    let read = |second: i64| {
        (
            "wamid.8".to_owned(),
            "read".to_owned(),
            chrono::DateTime::from_timestamp(second, 0).unwrap(),
        )
    };
    test.receive(&status("wamid.8", "read", T0)).await;
    let asked = [read(T0), read(T0 + 1)];
    let known = tally::known_statuses(test.app.db.reader(), test.tenant, channel, &asked)
        .await
        .unwrap();
    assert_eq!(known, [read(T0)]);
}

#[tokio::test]
async fn postgres_tells_how_it_is_set_up_and_what_time_it_is() {
    let test = TestApp::postgres().await;
    let facts = engine::postgres(test.app.db.writer()).await.unwrap();
    assert!(facts.version_num >= 150_000 && facts.connections >= 1, "{facts:?}");
    let apart = engine::postgres_time(test.app.db.writer()).await.unwrap() - Utc::now();
    assert!(apart.abs() < TimeDelta::seconds(5), "{apart}");
}
