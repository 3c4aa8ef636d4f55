//! What people and programs ask for: tests, deliveries again, figures.

use chrono::TimeDelta;
use mainstay::{
    domain::{Ctx, DeliveryState},
    webhooks::{
        EndpointChanges, Error, NewEndpoint, Replay, ReplayOutcome, ReplayState,
        store::{
            deliveries::{self, DeliveryFilter},
            endpoints::EndpointKey,
        },
    },
};
use mainstay_test_macros::{both_databases, both_sizes};

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World, in_conversation, wanted},
};
use crate::{
    events::schema,
    support::{app::TestApp, wait::wait_until},
};

fn replay(world: &World, states: &[ReplayState]) -> Replay {
    Replay {
        from: world.clock.now() - TimeDelta::hours(1),
        to: None,
        states: states.to_vec(),
        event_types: None,
        cursor: None,
    }
}

#[both_sizes]
async fn a_test_goes_to_its_endpoint_alone(world: World) {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let endpoint = world.endpoint(&receiver).await;
    world
        .endpoint_with(&other, |new| new.event_types = vec!["*".to_owned()])
        .await;
    let delivery = world
        .subscriptions
        .test(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    let done = world.until(endpoint, "done", 1).await;
    assert_eq!((done[0].id, done[0].kind.as_str()), (delivery, "endpoint.test"));
    let data = receiver.requests()[0].json()["data"].clone();
    assert_eq!(data["endpoint_id"], endpoint.to_string());
    schema::hold("endpoint.test", &data);
    assert_eq!(other.count(), 0);
    world.end().await;
}

#[both_sizes]
async fn a_retry_makes_a_delivery_again_under_the_same_id(world: World) {
    let receiver = Receiver::doing(|_, n| Reply::status(if n == 0 { 500 } else { 200 })).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let tried = world.until_attempts(endpoint, 1).await;
    world
        .subscriptions
        .retry(&Ctx::operator(world.tenant), tried.id)
        .await
        .unwrap();
    world.until(endpoint, "done", 1).await;
    world
        .subscriptions
        .retry(&Ctx::operator(world.tenant), tried.id)
        .await
        .unwrap();
    world.until_attempts(endpoint, 3).await;
    let requests = receiver.requests();
    assert!(requests.len() == 3 && requests.iter().all(|it| it.id() == requests[0].id()));
    let unknown = world
        .subscriptions
        .retry(&Ctx::operator(world.tenant), world.clock.new_id())
        .await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
    world.end().await;
}

#[both_sizes]
async fn what_was_done_is_dead_or_missing_can_be_replayed(world: World) {
    let receiver = Receiver::doing(|_, n| Reply::status(if n < 2 { 400 } else { 200 })).await;
    let endpoint = world.endpoint(&receiver).await;
    // Two that die at once, by the hand of the test; three that are done; four that happen while it is disabled.
    world.happen(&[world.event(), world.event()]).await;
    const DIE: &str = "UPDATE deliveries SET state = 'dead', finished_at = due_at WHERE attempts > $1";
    wait_until(DEADLINE, "both are dead", async || {
        world.db().sql(DIE, (0_i64,)).run().await.unwrap();
        world
            .deliveries(endpoint)
            .await
            .iter()
            .all(|it| it.state.as_str() == "dead")
    })
    .await;
    world.happen(&[world.event(), world.event(), world.event()]).await;
    world.until(endpoint, "done", 3).await;
    let set = |enabled| EndpointChanges {
        enabled: Some(enabled),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, set(false))
        .await
        .unwrap();
    let conversation = in_conversation(world.event(), world.channel, world.clock.new_id());
    world
        .happen(&[world.event(), world.event(), world.event(), conversation])
        .await;
    let refused = world
        .subscriptions
        .replay(
            &Ctx::operator(world.tenant),
            endpoint,
            replay(&world, &[ReplayState::Missing]),
        )
        .await;
    assert!(
        matches!(refused, Err(Error::Conflict(_))),
        "a disabled endpoint gets nothing"
    );
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, set(true))
        .await
        .unwrap();

    let run = async |states: &[ReplayState]| {
        world
            .subscriptions
            .replay(&Ctx::operator(world.tenant), endpoint, replay(&world, states))
            .await
            .unwrap()
    };
    let missing = run(&[ReplayState::Missing]).await;
    assert_eq!(
        missing,
        ReplayOutcome {
            replayed: 4,
            cursor: None,
            breaker: None,
        }
    );
    world.until(endpoint, "done", 7).await;
    assert_eq!(
        run(&[ReplayState::Missing]).await.replayed,
        0,
        "they are missing no longer"
    );
    assert_eq!(run(&[ReplayState::Dead]).await.replayed, 2);
    world.until(endpoint, "done", 9).await;
    let before = receiver.count();
    assert_eq!(run(&[ReplayState::Dead, ReplayState::Done]).await.replayed, 9);
    wait_until(DEADLINE, "all came again", async || receiver.count() == before + 9).await;
    world.until(endpoint, "done", 9).await;
    let mut ids: Vec<String> = receiver.requests().iter().map(|it| it.id().to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 9, "no replay has an id of its own");
    world.end().await;
}

#[both_sizes]
async fn a_long_replay_goes_on_from_its_cursor(world: World) {
    let receiver = Receiver::start().await;
    let endpoint = world.endpoint_with(&receiver, |new| new.enabled = false).await;
    for _ in 0..23 {
        let events: Vec<_> = (0..1_000).map(|_| world.event()).collect();
        world.happen(&events).await;
    }
    let enable = EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint.id, enable)
        .await
        .unwrap();
    let (mut request, mut replayed, mut calls) = (replay(&world, &[ReplayState::Missing]), 0, 0);
    loop {
        let part = world
            .subscriptions
            .replay(&Ctx::operator(world.tenant), endpoint.id, request.clone())
            .await
            .unwrap();
        replayed += part.replayed;
        calls += 1;
        if calls == 1 {
            // What happens after the first call is not asked for.
            let set = |enabled| EndpointChanges {
                enabled: Some(enabled),
                ..EndpointChanges::default()
            };
            world
                .subscriptions
                .change(&Ctx::operator(world.tenant), endpoint.id, set(false))
                .await
                .unwrap();
            world.one().await;
            world
                .subscriptions
                .change(&Ctx::operator(world.tenant), endpoint.id, set(true))
                .await
                .unwrap();
        }
        match part.cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    assert!(replayed == 23_000 && calls > 1, "{replayed} in {calls} calls");
    for cursor in ["elsewhere", "missing:7", "x:missing:7", "9223372036854775807:missing:7"] {
        request.cursor = Some(cursor.to_owned());
        let unknown = world
            .subscriptions
            .replay(&Ctx::operator(world.tenant), endpoint.id, request.clone())
            .await;
        assert!(matches!(unknown, Err(Error::Invalid(_))), "{cursor}");
    }
    world.end().await;
}

#[both_sizes]
async fn figures_and_lists_tell_how_an_endpoint_does(world: World) {
    let receiver = Receiver::doing(|_, n| Reply::status(if n % 4 == 0 { 500 } else { 200 })).await;
    let endpoint = world
        .endpoint_with(&receiver, |new| new.max_concurrent = Some(1))
        .await
        .id;
    for n in 0..8 {
        world.one().await;
        wait_until(DEADLINE, "it came", async || receiver.count() == n + 1).await;
    }
    world.until(endpoint, "done", 6).await;
    let figures = world.subscriptions.statistics(world.tenant, endpoint).await.unwrap();
    assert_eq!(
        (figures.attempts, figures.succeeded, figures.success_rate()),
        (8, 6, Some(0.75))
    );
    assert!(figures.p50_ms.unwrap() > 0.0 && figures.p99_ms.unwrap() >= figures.p50_ms.unwrap());
    let list = async |state, kind: Option<&str>, before, limit| {
        let filter = DeliveryFilter {
            state,
            event_type: kind.map(str::to_owned),
        };
        let key = EndpointKey {
            tenant: world.tenant,
            id: endpoint,
        };
        deliveries::list(world.db().reader(), key, &filter, before, limit)
            .await
            .unwrap()
    };
    assert_eq!(
        list(Some(DeliveryState::Pending), None, None, 10)
            .await
            .deliveries
            .len(),
        2
    );
    assert_eq!(
        list(Some(DeliveryState::Done), Some("message.received"), None, 10)
            .await
            .deliveries
            .len(),
        6
    );
    assert_eq!(list(None, Some("message.sent"), None, 10).await.deliveries.len(), 0);
    assert_eq!(
        list(Some(DeliveryState::Dead), None, None, 10).await.deliveries.len(),
        0
    );
    let (first, mut seen) = (list(None, None, None, 5).await, Vec::new());
    seen.extend(first.deliveries.iter().map(|it| it.id));
    seen.extend(list(None, None, first.next, 5).await.deliveries.iter().map(|it| it.id));
    assert!(
        seen.len() == 8 && seen.is_sorted_by(|a, b| a > b),
        "newest first, each once: {seen:?}"
    );
    world.end().await;
}

#[both_databases]
async fn an_endpoint_that_cannot_be_is_refused_with_the_reason(test: TestApp) {
    let webhooks = &test.app.webhooks;
    let good = || wanted("https://example.com/hook");
    let id = webhooks.create(&Ctx::operator(test.tenant), good()).await.unwrap().id;
    let channel = test.app.clock.new_id();
    let bad: [(&str, NewEndpoint); 9] = [
        ("url", wanted("http://example.com/hook")),
        ("url", wanted("https://10.0.0.1/hook")),
        (
            "event_types",
            NewEndpoint {
                event_types: vec!["everything".to_owned()],
                ..good()
            },
        ),
        (
            "event_types",
            NewEndpoint {
                event_types: vec!["message.eaten".to_owned()],
                ..good()
            },
        ),
        (
            "channels",
            NewEndpoint {
                channels: Some(vec![channel]),
                ..good()
            },
        ),
        (
            "channels",
            NewEndpoint {
                channels: Some(Vec::new()),
                ..good()
            },
        ),
        (
            "rate_limit_per_second",
            NewEndpoint {
                rate_limit_per_second: Some(0),
                ..good()
            },
        ),
        (
            "max_concurrent",
            NewEndpoint {
                max_concurrent: Some(101),
                ..good()
            },
        ),
        (
            "headers",
            NewEndpoint {
                headers: [("Webhook-Id".to_owned(), "x".to_owned())].into(),
                ..good()
            },
        ),
    ];
    for (what, new) in bad {
        let error = webhooks.create(&Ctx::operator(test.tenant), new).await.unwrap_err();
        assert!(
            matches!(&error, Error::Invalid(invalid) if invalid.field == what),
            "{what}: {error}"
        );
    }
    let stranger = test.app.clock.new_id();
    let found = webhooks.find(stranger, id).await;
    assert!(
        matches!(found, Err(Error::NotFound(_))),
        "another tenant's endpoint does not exist"
    );
    assert!(
        webhooks.remove(&Ctx::operator(stranger), id).await.is_err()
            && webhooks.rotate(&Ctx::operator(stranger), id).await.is_err()
    );
    assert!(
        webhooks
            .change(&Ctx::operator(stranger), id, EndpointChanges::default())
            .await
            .is_err()
    );
    for _ in 1..100 {
        webhooks.create(&Ctx::operator(test.tenant), good()).await.unwrap();
    }
    assert!(matches!(
        webhooks.create(&Ctx::operator(test.tenant), good()).await,
        Err(Error::Quota(_))
    ));
    webhooks.remove(&Ctx::operator(test.tenant), id).await.unwrap();
    webhooks.create(&Ctx::operator(test.tenant), good()).await.unwrap();
}

#[both_databases]
async fn secrets_and_headers_are_sealed_and_survive_a_rotation_of_keys(test: TestApp) {
    let webhooks = &test.app.webhooks;
    let headers = [("x-key".to_owned(), "s3cret".to_owned())];
    let new = NewEndpoint {
        headers: headers.into(),
        ..wanted("https://example.com/hook")
    };
    let endpoint = webhooks.create(&Ctx::operator(test.tenant), new).await.unwrap();
    let before = webhooks.rotate(&Ctx::operator(test.tenant), endpoint.id).await.unwrap();
    mainstay::tenancy::rotate_keys(&test.registry).await.unwrap();
    let found = webhooks.find(test.tenant, endpoint.id).await.unwrap();
    assert_ne!(found.secret, endpoint.secret);
    let after = webhooks
        .secrets(&Ctx::operator(test.tenant), endpoint.id)
        .await
        .unwrap();
    assert!(after.current == before.current && after.previous.unwrap().0 == before.previous.unwrap().0);
    let names = webhooks.header_names(test.tenant, std::slice::from_ref(&found)).await;
    assert_eq!(names.unwrap(), [["x-key"]], "they open");
    let sealed = found.headers.unwrap();
    assert!(!sealed.windows(6).any(|it| it == b"s3cret"));
}
