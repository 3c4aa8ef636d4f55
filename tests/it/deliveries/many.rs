//! What there is a great deal of.

use chrono::TimeDelta;
use mainstay::{
    db::Db,
    domain::{Ctx, DeliveryState, EndpointId},
    housekeeping,
    records::events::NewEvent,
    webhooks::{
        self,
        store::{
            deliveries::{self, AttemptConclusion, DeliveryFilter},
            endpoints::EndpointKey,
        },
    },
};
use mainstay_test_macros::both_databases;
use tokio_util::sync::CancellationToken;

use super::world::{event, happen, wanted};
use crate::support::{app::TestApp, wait::wait_until};

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(40);

async fn endpoint(test: &TestApp) -> EndpointId {
    let new = wanted("https://example.com/hook");
    test.app
        .webhooks
        .create(&Ctx::operator(test.tenant), new)
        .await
        .unwrap()
        .id
}

#[both_databases]
async fn a_page_looks_through_twenty_thousand_deliveries_for_what_is_asked_for_and_no_further(test: TestApp) {
    const BATCH: usize = 500;
    let endpoint = endpoint(&test).await;
    let events = |kind| {
        (0..BATCH)
            .map(|_| NewEvent {
                kind,
                ..event(&test.app.clock, test.tenant)
            })
            .collect::<Vec<_>>()
    };
    happen(&test.app.db, &test.app.clock, &events("message.sent")[..3]).await;
    for _ in 0..41 {
        happen(&test.app.db, &test.app.clock, &events("message.received")).await;
    }
    let page = async |filter: &DeliveryFilter, before| {
        let key = EndpointKey {
            tenant: test.tenant,
            id: endpoint,
        };
        deliveries::list(test.app.db.reader(), key, filter, before, 100)
            .await
            .unwrap()
    };
    let rare = DeliveryFilter {
        event_type: Some("message.sent".to_owned()),
        ..DeliveryFilter::default()
    };
    let first = page(&rare, None).await;
    assert!(first.deliveries.is_empty() && first.next.is_some(), "{first:?}");
    let second = page(&rare, first.next).await;
    assert_eq!((second.deliveries.len(), second.next), (3, None));
    let full = page(&DeliveryFilter::default(), None).await;
    assert_eq!(full.deliveries.len(), 100);
    // Without a filter nothing is looked through: a page goes on where its last row was.
    assert_eq!(full.next, full.deliveries.last().map(|it| it.id));
    let last = page(&DeliveryFilter::default(), Some(second.deliveries[0].id)).await;
    assert_eq!((last.deliveries.len(), last.next), (2, None));
}

#[both_databases]
async fn of_deleted_endpoints_ten_thousand_deliveries_are_removed_in_one_go(test: TestApp) {
    let both = [endpoint(&test).await, endpoint(&test).await];
    for _ in 0..11 {
        let events: Vec<_> = (0..500).map(|_| event(&test.app.clock, test.tenant)).collect();
        happen(&test.app.db, &test.app.clock, &events).await;
    }
    let webhooks = &test.app.webhooks;
    for endpoint in both {
        webhooks.remove(&Ctx::operator(test.tenant), endpoint).await.unwrap();
    }
    for left in [1_000, 0] {
        webhooks::erase_deleted(webhooks).await.unwrap();
        assert_eq!(test.count("SELECT COUNT(*) FROM deliveries").await, left);
    }
}

/// A row that somebody holds stands for a removal of any length.
#[tokio::test]
async fn a_removal_that_takes_long_keeps_nothing_waiting_that_is_to_be_found() {
    let test = TestApp::postgres().await;
    let (app, endpoint) = (test.app.clone(), endpoint(&test).await);
    happen(&app.db, &app.clock, &[event(&app.clock, test.tenant)]).await;
    let key = EndpointKey {
        tenant: test.tenant,
        id: endpoint,
    };
    let list = async || {
        deliveries::list(app.db.reader(), key, &DeliveryFilter::default(), None, 9)
            .await
            .unwrap()
    };
    let old = list().await.deliveries.remove(0);
    let now = app.clock.now();
    let ended = AttemptConclusion {
        tenant: test.tenant,
        endpoint,
        delivery: old.id,
        number: 1,
        attempts_before: 0,
        started_at: now,
        duration_us: 1,
        outcome: "succeeded",
        http_status: Some(200),
        error: None,
        answer: None,
        state: DeliveryState::Done,
        due_at: now,
    };
    let mut tx = app.db.begin().await.unwrap();
    deliveries::conclude(&mut tx, &[ended]).await.unwrap();
    tx.commit().await.unwrap();
    app.db
        .sql("UPDATE endpoint_jobs SET due_at = $1", (now + TimeDelta::days(400),))
        .run()
        .await
        .unwrap();
    test.advance(TimeDelta::days(40));

    let mut holder = app.db.begin().await.unwrap();
    holder
        .sql("UPDATE deliveries SET last_status = 201", ())
        .run()
        .await
        .unwrap();
    let shutdown = CancellationToken::new();
    let (kept, until) = (app.clone(), shutdown.clone());
    let keeping =
        tokio::spawn(
            async move { tokio::join!(housekeeping::run(kept.clone(), until), housekeeping::clean_up(&kept)).1 },
        );
    const WAITING: &str = "
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%DELETE FROM deliveries%'";
    wait_until(DEADLINE, "the removal waits", async || test.count(WAITING).await > 0).await;
    // Nobody hears of this one.
    let deaf = Db::open(&app.config.database_url, 1).await.unwrap();
    happen(&deaf, &app.clock, &[event(&app.clock, test.tenant)]).await;
    deaf.close().await;
    test.advance(TimeDelta::seconds(3));
    let due = async || {
        let (count,): (i64,) = app
            .db
            .sql(
                "SELECT COUNT(*) FROM endpoint_jobs WHERE due_at <= $1",
                (app.clock.now(),),
            )
            .one()
            .await
            .unwrap();
        count
    };
    assert_eq!(due().await, 0);
    wait_until(DEADLINE, "its line is woken", async || due().await == 1).await;
    assert_eq!(test.count(WAITING).await, 1, "while the removal waits");
    holder.rollback().await.unwrap();
    wait_until(DEADLINE, "the removal goes on", async || {
        list().await.deliveries.len() == 1
    })
    .await;
    shutdown.cancel();
    keeping.await.unwrap().unwrap();
}
