//! What is sent, to whom, and how it is signed.

use chrono::{SecondsFormat, TimeDelta};
use mainstay::{
    crypto::{WebhookSecret, standard_webhooks},
    domain::Ctx,
    webhooks::EndpointChanges,
};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::Value;

use super::{
    receiver::{Receiver, Reply, Request},
    world::{DEADLINE, World, event, in_conversation, wanted},
};
use crate::support::{app::TestApp, wait::wait_until};

/// The signatures that a request carries.
fn signatures(request: &Request) -> Vec<&str> {
    request.headers["webhook-signature"].split(' ').collect()
}

fn signs(secret: &WebhookSecret, request: &Request) -> bool {
    let at = request.headers["webhook-timestamp"].parse().unwrap();
    let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
    let signed = standard_webhooks::sign([secret], request.id(), at, request.body.as_bytes());
    signatures(request).contains(&signed.signature.as_str())
}

#[both_sizes]
async fn an_event_reaches_the_endpoints_that_want_it_and_no_other(world: World) {
    let (mine, other, elsewhere) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let endpoint = world
        .endpoint_with(&mine, |new| {
            new.headers = [("X-Api-Key".to_owned(), "s3cret".to_owned())].into();
        })
        .await;
    let contacts = world
        .endpoint_with(&other, |new| new.event_types = vec!["contact.*".to_owned()])
        .await;
    let channel = world
        .endpoint_with(&elsewhere, |new| new.channels = Some(vec![world.channel]))
        .await;
    let event = world.event();
    world.happen(std::slice::from_ref(&event)).await;
    let done = world.until(endpoint.id, "done", 1).await;
    let on_channel = in_conversation(world.event(), world.channel, world.clock.new_id());
    world.happen(std::slice::from_ref(&on_channel)).await;
    world.until(channel.id, "done", 1).await;
    world.until(endpoint.id, "done", 2).await;
    assert!(world.deliveries(contacts.id).await.is_empty() && other.count() == 0);
    assert_eq!(elsewhere.requests()[0].id(), on_channel.id.to_string());

    let request = &mine.requests()[0];
    let secret = world
        .subscriptions
        .secrets(&Ctx::operator(world.tenant), endpoint.id)
        .await
        .unwrap()
        .current;
    assert_eq!(
        (request.path.as_str(), request.id()),
        ("/hook", event.id.to_string().as_str())
    );
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["x-api-key"], "s3cret");
    assert!(signs(&secret, request) && signatures(request).len() == 1);
    let data: Value = serde_json::from_str(&event.data).unwrap();
    let at = event.occurred_at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    assert_eq!(
        request.json(),
        serde_json::json!({ "type": event.kind, "timestamp": at, "data": data })
    );
    let attempts = world.attempts(done[0].id).await;
    assert_eq!(
        (attempts.len(), attempts[0].number, attempts[0].outcome.as_str()),
        (1, 1, "succeeded")
    );
    assert_eq!((attempts[0].http_status, done[0].last_status), (Some(200), Some(200)));
    assert!(world.standing(endpoint.id).await.health.last_success_at.is_some());
    world.end().await;
}

#[both_sizes]
async fn both_secrets_sign_for_a_day_after_a_rotation(world: World) {
    let receiver = Receiver::start().await;
    let endpoint = world.endpoint(&receiver).await;
    let old = world
        .subscriptions
        .secrets(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap()
        .current;
    let secrets = world
        .subscriptions
        .rotate(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    assert_ne!(secrets.current, old);
    world.one().await;
    world.until(endpoint, "done", 1).await;
    let request = &receiver.requests()[0];
    assert!(signs(&old, request) && signs(&secrets.current, request) && signatures(request).len() == 2);
    world.clock.advance(TimeDelta::hours(25));
    world.one().await;
    world.until(endpoint, "done", 2).await;
    let request = &receiver.requests()[1];
    assert!(!signs(&old, request) && signs(&secrets.current, request) && signatures(request).len() == 1);
    assert!(
        world
            .subscriptions
            .secrets(&Ctx::operator(world.tenant), endpoint)
            .await
            .unwrap()
            .previous
            .is_none()
    );
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_that_is_changed_gets_its_deliveries_at_its_new_address(world: World) {
    let (old, new) = (
        Receiver::doing(|_, _| Reply::status(500)).await,
        Receiver::start().await,
    );
    let endpoint = world.endpoint(&old).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    let changes = EndpointChanges {
        url: Some(new.url()),
        ..EndpointChanges::default()
    };
    let changed = world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, changes)
        .await
        .unwrap();
    assert_eq!(
        (changed.health.failures_in_row, changed.health.failing_since),
        (0, None)
    );
    world.clock.advance(TimeDelta::seconds(7));
    world.until(endpoint, "done", 1).await;
    assert_eq!((old.count(), new.count()), (1, 1));
    assert_eq!(old.requests()[0].id(), new.requests()[0].id());
    world.end().await;
}

#[both_sizes]
async fn a_thousand_events_reach_every_endpoint_once(world: World) {
    let receivers = [
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    ];
    let mut endpoints = Vec::new();
    for receiver in &receivers {
        endpoints.push(world.endpoint(receiver).await);
    }
    for _ in 0..10 {
        let events: Vec<_> = (0..100).map(|_| event(&world.clock, world.tenant)).collect();
        world.happen(&events).await;
    }
    for (receiver, endpoint) in receivers.iter().zip(endpoints) {
        wait_until(DEADLINE, "all of them have come", async || receiver.count() >= 1_000).await;
        world.until(endpoint, "done", 1_000).await;
        let mut ids: Vec<String> = receiver.requests().iter().map(|it| it.id().to_owned()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), receiver.count()), (1_000, 1_000));
    }
    world.end().await;
}

#[both_databases]
async fn events_of_a_transaction_that_rolls_back_are_delivered_to_nobody(test: TestApp) {
    let webhooks = &test.app.webhooks;
    let new = wanted("https://example.com/hook");
    webhooks.create(&Ctx::operator(test.tenant), new).await.unwrap();
    let mut tx = test.app.db.begin().await.unwrap();
    let event = event(&test.app.clock, test.tenant);
    mainstay::records::events::append(&mut tx, &[event], test.app.clock.now())
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(test.count("SELECT COUNT(*) FROM deliveries").await, 0);
}
