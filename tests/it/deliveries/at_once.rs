//! Several at once: people, a rotation of keys, and an attempt that is under way.

use chrono::TimeDelta;
use mainstay::{
    domain::{ConversationId, Ctx, DeliveryId, DeliveryState, EndpointId, Id, delivery_id},
    records::events::{self, NewEvent},
    tenancy,
    webhooks::{
        self, EndpointChanges, NewEndpoint,
        store::{
            deliveries::{self, AttemptConclusion, Delivery, DeliveryFilter},
            endpoints::{self, EndpointKey},
        },
    },
};
use mainstay_test_macros::both_databases;
use uuid::Uuid;

use super::world::{event, happen, in_conversation, wanted};
use crate::support::app::TestApp;

/// What an attempt comes to that fails.
fn failed(
    test: &TestApp,
    endpoint: EndpointId,
    delivery: DeliveryId,
    number: i64,
    state: DeliveryState,
) -> AttemptConclusion {
    let now = test.app.clock.now();
    AttemptConclusion {
        tenant: test.tenant,
        endpoint,
        delivery,
        number,
        attempts_before: 0,
        started_at: now,
        duration_us: 1_000,
        outcome: "status",
        http_status: Some(500),
        error: Some("it answered 500".to_owned()),
        answer: None,
        state,
        due_at: now + TimeDelta::seconds(5),
    }
}

async fn conclude(test: &TestApp, ended: AttemptConclusion) {
    let mut tx = test.app.db.begin().await.unwrap();
    deliveries::conclude(&mut tx, &[ended]).await.unwrap();
    tx.commit().await.unwrap();
}

/// An endpoint with a delivery that was tried that often in vain.
async fn tried(test: &TestApp, times: i64) -> (EndpointId, DeliveryId) {
    let ctx = Ctx::operator(test.tenant);
    let webhooks = &test.app.webhooks;
    let new = wanted("https://example.com/hook");
    let endpoint = webhooks.create(&ctx, new).await.unwrap().id;
    happen(&test.app.db, &test.app.clock, &[event(&test.app.clock, test.tenant)]).await;
    let delivery = only(test, endpoint).await.id;
    for number in 1..=times {
        conclude(test, failed(test, endpoint, delivery, number, DeliveryState::Pending)).await;
    }
    (endpoint, delivery)
}

async fn only(test: &TestApp, endpoint: EndpointId) -> Delivery {
    let all = DeliveryFilter::default();
    let key = EndpointKey {
        tenant: test.tenant,
        id: endpoint,
    };
    let page = deliveries::list(test.app.db.reader(), key, &all, None, 2);
    let mut found = page.await.unwrap().deliveries;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[both_databases]
async fn what_is_asked_for_again_during_its_last_attempt_is_made_again(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let (endpoint, delivery) = tried(&test, 9).await;
    let webhooks = &test.app.webhooks;
    let asked = webhooks.retry(&ctx, delivery).await.unwrap();
    // The tenth attempt was begun before that.
    conclude(&test, failed(&test, endpoint, delivery, 10, DeliveryState::Dead)).await;
    let left = only(&test, endpoint).await;
    assert_eq!(
        (left.state.as_str(), left.attempts, left.due_at),
        ("pending", 10, asked.due_at)
    );
    assert_eq!((left.finished_at, left.last_status), (None, Some(500)));
    let attempts = deliveries::attempts(test.app.db.reader(), test.tenant, delivery)
        .await
        .unwrap();
    assert_eq!(attempts.len(), 10, "it is written all the same");
    let wanted = deliveries::DueQuery { endpoint, most: 9 };
    let due = deliveries::due(&test.app.db, &[wanted], test.app.clock.now())
        .await
        .unwrap();
    assert_eq!(
        (due[0].attempts, due[0].attempts_before),
        (10, 10),
        "with the whole schedule before it"
    );
    let last = AttemptConclusion {
        attempts_before: 10,
        ..failed(&test, endpoint, delivery, 11, DeliveryState::Dead)
    };
    conclude(&test, last).await;
    assert_eq!(only(&test, endpoint).await.state.as_str(), "dead", "unless nobody asks");
}

#[both_databases]
async fn an_attempt_of_a_delivery_that_is_gone_meanwhile_leaves_nothing(test: TestApp) {
    let (endpoint, delivery) = tried(&test, 1).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM delivery_attempts").await, 1);
    deliveries::remove(&test.app.db, endpoint).await.unwrap();
    conclude(&test, failed(&test, endpoint, delivery, 2, DeliveryState::Pending)).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM delivery_attempts").await, 0);
    assert_eq!(test.count("SELECT COUNT(*) FROM deliveries").await, 0);
}

#[both_databases]
async fn what_is_put_on_its_way_while_its_endpoint_is_deleted_is_removed_all_the_same(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let webhooks = &test.app.webhooks;
    let (endpoint, _) = tried(&test, 1).await;
    let late = event(&test.app.clock, test.tenant);
    let left = async || {
        webhooks::erase_deleted(webhooks).await.unwrap();
        (
            test.count("SELECT COUNT(*) FROM deliveries").await,
            test.count("SELECT COUNT(*) FROM endpoints").await,
        )
    };
    let now = test.app.clock.now();
    let remove = async || {
        webhooks.remove(&ctx, endpoint).await.unwrap();
        assert_eq!(left().await, (0, 1), "what it had is gone at once");
    };
    if test.app.db.is_postgres() {
        // Its transaction has seen the endpoint, and is still under way when all that belongs to it is removed.
        let mut tx = test.app.db.begin().await.unwrap();
        events::append(&mut tx, &[late], now).await.unwrap();
        remove().await;
        tx.commit().await.unwrap();
    } else {
        // There is one writer; so as a transaction that went by what it had read before.
        remove().await;
        let mut tx = test.app.db.begin().await.unwrap();
        let sequences = events::append_unconsumed(&mut tx, std::slice::from_ref(&late), now)
            .await
            .unwrap();
        deliveries::deliver_to(&mut tx, endpoint, (&late, sequences[0]), now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM deliveries").await, 1);
    assert_eq!(left().await, (0, 1));
    test.advance(TimeDelta::minutes(16));
    assert_eq!(left().await, (0, 0));
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoint_jobs").await, 0);
    assert_eq!(test.count("SELECT COUNT(*) FROM delivery_attempts").await, 0);
}

#[both_databases]
async fn of_a_long_conversation_a_bounded_part_is_brought_on_at_a_time_the_earliest_first(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let new = NewEndpoint {
        ordered: true,
        ..wanted("https://example.com/hook")
    };
    let endpoint = test.app.webhooks.create(&ctx, new).await.unwrap().id;
    let (conversation, clock) = (test.app.clock.new_id(), &test.app.clock);
    let events: Vec<_> = (0..1_200)
        .map(|_| in_conversation(event(clock, test.tenant), clock.new_id(), conversation))
        .collect();
    happen(&test.app.db, clock, &events).await;
    let (now, later) = (clock.now(), clock.now() + TimeDelta::hours(1));
    let ids: Vec<_> = events.iter().map(|it| (delivery_id(it.id, endpoint), later)).collect();
    assert_eq!(deliveries::defer(&test.app.db, endpoint, &ids).await.unwrap(), 1_200);
    assert_eq!(
        deliveries::defer(&test.app.db, endpoint, &ids).await.unwrap(),
        0,
        "they wait as long already"
    );
    let key = (endpoint, conversation.uuid());
    for expected in [500, 500, 200, 0] {
        assert_eq!(
            deliveries::release_conversations(test.app.db.writer(), &[key, key], now)
                .await
                .unwrap(),
            expected
        );
        const FIRST: &str = "
            SELECT MAX(sequence) + 1 - (SELECT MIN(sequence) FROM deliveries) FROM deliveries WHERE due_at <= $1";
        const COUNT: &str = "SELECT COUNT(*) FROM deliveries WHERE due_at <= $1";
        let number = async |sql: &'static str| {
            let (number,): (i64,) = test.app.db.reader().sql(sql, (now,)).one().await.unwrap();
            number
        };
        assert_eq!(number(FIRST).await, number(COUNT).await, "the earliest of them");
    }
}

#[both_databases]
async fn conversations_are_found_in_which_the_first_that_waits_is_due(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let new = NewEndpoint {
        ordered: true,
        ..wanted("https://example.com/hook")
    };
    let endpoint = test.app.webhooks.create(&ctx, new).await.unwrap().id;
    let clock = &test.app.clock;
    let conversations: Vec<ConversationId> = (0..300).map(|_| clock.new_id()).collect();
    let of = |it: &ConversationId| in_conversation(event(clock, test.tenant), clock.new_id(), *it);
    let (first, second): (Vec<_>, Vec<_>) = conversations.iter().map(|it| (of(it), of(it))).unzip();
    happen(&test.app.db, clock, &first).await;
    happen(&test.app.db, clock, &second).await;
    let (now, later) = (clock.now(), clock.now() + TimeDelta::hours(1));
    // Of each third one, the first waits; of another third, what comes after it.
    let wait = |events: &[NewEvent], from: usize| -> Vec<_> {
        events
            .iter()
            .skip(from)
            .step_by(3)
            .map(|it| (delivery_id(it.id, endpoint), later))
            .collect()
    };
    deliveries::defer(&test.app.db, endpoint, &wait(&first, 0))
        .await
        .unwrap();
    deliveries::defer(&test.app.db, endpoint, &wait(&second, 1))
        .await
        .unwrap();
    let mut keys: Vec<Uuid> = conversations.iter().map(|it| it.uuid()).collect();
    let mut due: Vec<Uuid> = keys
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 3 != 0)
        .map(|(_, key)| *key)
        .collect();
    keys.sort_unstable();
    due.sort_unstable();
    let ends = deliveries::ends_of_conversations(&test.app.db, endpoint).await.unwrap();
    assert_eq!(ends, Some((keys[0], keys[299])));
    let found = async |after| {
        deliveries::due_conversations(&test.app.db, endpoint, after, now)
            .await
            .unwrap()
    };
    // 256 are looked at.
    let within = |from: usize| -> Vec<Uuid> {
        due.iter()
            .filter(|it| keys[from..].iter().take(256).any(|key| key == *it))
            .copied()
            .collect()
    };
    assert_eq!(found(Uuid::nil()).await, within(0));
    assert_eq!(found(keys[99]).await, within(100));
    assert!(found(keys[299]).await.is_empty());
}

#[both_databases]
async fn changes_of_different_members_at_once_all_hold(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let webhooks = &test.app.webhooks;
    let id = webhooks.create(&ctx, wanted("https://example.com/0")).await.unwrap().id;
    for n in 1..=10 {
        let change = |changes: EndpointChanges| webhooks.change(&ctx, id, changes);
        let none = EndpointChanges::default;
        let header = [("x-round".to_owned(), n.to_string())];
        let (url, text, pace, most, kinds, sealed, secret) = tokio::join!(
            change(EndpointChanges {
                url: Some(format!("https://example.com/{n}")),
                ..none()
            }),
            change(EndpointChanges {
                description: Some(Some(n.to_string())),
                ..none()
            }),
            change(EndpointChanges {
                rate_limit_per_second: Some(Some(n)),
                ..none()
            }),
            change(EndpointChanges {
                max_concurrent: Some(Some(n)),
                ..none()
            }),
            change(EndpointChanges {
                event_types: Some(vec!["contact.*".to_owned()]),
                ..none()
            }),
            change(EndpointChanges {
                headers: Some(header.into()),
                ..none()
            }),
            webhooks.rotate(&ctx, id),
        );
        for changed in [url, text, pace, most, kinds, sealed] {
            changed.unwrap();
        }
        let found = webhooks.find(test.tenant, id).await.unwrap();
        assert_eq!(found.url, format!("https://example.com/{n}"));
        assert_eq!(found.description, Some(n.to_string()));
        assert_eq!((found.rate_limit_per_second, found.max_concurrent), (Some(n), n));
        assert_eq!(found.event_types, r#"["contact.*"]"#);
        assert_eq!(
            webhooks.secrets(&ctx, id).await.unwrap().current,
            secret.unwrap().current
        );
        let names = webhooks.header_names(test.tenant, &[found]).await.unwrap();
        assert_eq!(names, [["x-round"]]);
    }
}

#[both_databases]
async fn a_rotation_of_keys_loses_no_secret_that_is_made_meanwhile(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let webhooks = &test.app.webhooks;
    let headers = |n: i64| [("x-round".to_owned(), n.to_string())].into();
    let new = |n: i64| NewEndpoint {
        headers: headers(n),
        ..wanted("https://example.com/hook")
    };
    let id = webhooks.create(&ctx, new(0)).await.unwrap().id;
    for n in 1..=10 {
        let change = EndpointChanges {
            headers: Some(headers(n)),
            ..EndpointChanges::default()
        };
        let aside = EndpointChanges {
            description: Some(Some(n.to_string())),
            ..EndpointChanges::default()
        };
        let (rotated, secrets, changed, told, made) = tokio::join!(
            tenancy::rotate_keys(&test.registry),
            webhooks.rotate(&ctx, id),
            webhooks.change(&ctx, id, change),
            webhooks.change(&ctx, id, aside),
            webhooks.create(&ctx, new(n)),
        );
        rotated.unwrap();
        changed.unwrap();
        told.unwrap();
        let (secrets, made) = (secrets.unwrap(), made.unwrap());
        let after = webhooks.secrets(&ctx, id).await.unwrap();
        assert!(after.current == secrets.current && after.previous.unwrap().0 == secrets.previous.unwrap().0);
        webhooks
            .secrets(&ctx, made.id)
            .await
            .expect("it opens under the new key");
        let all = endpoints::list(test.app.db.reader(), test.tenant, None, 100)
            .await
            .unwrap();
        let names = webhooks.header_names(test.tenant, &all).await.unwrap();
        assert!(
            names.len() as i64 == n + 1 && names.iter().all(|it| *it == ["x-round"]),
            "{names:?}"
        );
    }
}

#[both_databases]
async fn what_was_read_before_somebody_changed_it_is_not_written_back(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    let webhooks = &test.app.webhooks;
    let was = webhooks.create(&ctx, wanted("https://example.com/hook")).await.unwrap();
    let (key, now) = (was.key(), test.app.clock.now());
    webhooks.rotate(&ctx, was.id).await.unwrap();
    let found = webhooks.find(test.tenant, was.id).await.unwrap();
    let db = &test.app.db;
    assert_eq!(
        endpoints::reseal(db.writer(), key, was.revision, was.secret.clone(), None, None)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        endpoints::set_secret(db.writer(), key, was.revision, was.secret, now, now)
            .await
            .unwrap(),
        0
    );
    assert_eq!(webhooks.find(test.tenant, was.id).await.unwrap().secret, found.secret);
}
