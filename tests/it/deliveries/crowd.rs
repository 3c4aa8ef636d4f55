//! Many endpoints, or slow ones: what one of them keeps waiting is its own.

use mainstay::{
    domain::{Ctx, TenantId},
    tenancy::{self, TenantService},
    webhooks::NewEndpoint,
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World, event, happen, wanted},
};
use crate::support::wait::wait_until;

/// Another tenant of the installation.
async fn tenant(world: &World) -> TenantId {
    let registry = TenantService {
        db: world.db().clone(),
        clock: world.clock.clone(),
        keyring: world.running.app.config.keyring.clone(),
    };
    let name = format!("Other {}", uuid::Uuid::now_v7());
    tenancy::create_tenant(&registry, &name).await.unwrap().0.id
}

/// Of twenty requests that the process may make at a time, endpoints that hang would take all.
#[both_sizes(|config| config.deliveries.concurrency = 20)]
async fn hanging_endpoints_keep_no_other_tenant_waiting(world: World) {
    const TRIPPED: &str = "SELECT COUNT(*) FROM endpoints WHERE tripped_at IS NOT NULL";
    const RUNNING: &str = "SELECT COUNT(*) FROM endpoint_jobs WHERE state = 'running'";
    let neighbour = Receiver::start().await;
    let mut hanging = Vec::new();
    for _ in 0..3 {
        // Each answers once, so that it is trusted with as many as it takes.
        let it = Receiver::doing(|_, n| if n == 0 { Reply::status(200) } else { Reply::Hang }).await;
        world.endpoint_with(&it, |new| new.max_concurrent = Some(100)).await;
        hanging.push(it);
    }
    let other = tenant(&world).await;
    world
        .subscriptions
        .create(&Ctx::operator(other), wanted(&neighbour.url()))
        .await
        .unwrap();
    let events: Vec<_> = (0..100).map(|_| world.event()).collect();
    world.happen(&events).await;
    wait_until(DEADLINE, "all of them hang", async || {
        hanging.iter().all(|it| it.count() > 1)
    })
    .await;
    let events: Vec<_> = (0..200).map(|_| event(&world.clock, other)).collect();
    happen(world.db(), &world.clock, &events).await;
    wait_until(DEADLINE, "the neighbour has everything", async || {
        neighbour.count() == 200
    })
    .await;
    assert!(world.number(TRIPPED).await < 3, "while they hang");
    wait_until(DEADLINE, "the breakers open", async || world.number(TRIPPED).await == 3).await;
    wait_until(DEADLINE, "nothing is under way", async || {
        world.number(RUNNING).await == 0
    })
    .await;
    for it in &hanging {
        // One, ten that opened the breaker, and those that were under way then; what waited for its turn was never sent.
        assert!(it.count() <= 16, "{}", it.count());
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_endpoints_that_want_one_a_second_are_served_at_a_time() {
    const RUNNING: &str = "SELECT COUNT(*) FROM endpoint_jobs WHERE state = 'running'";
    let world = World::embedded().await;
    let (paced, neighbour) = (Receiver::start().await, Receiver::start().await);
    for _ in 0..3 {
        let owner = tenant(&world).await;
        for _ in 0..100 {
            let new = NewEndpoint {
                rate_limit_per_second: Some(1),
                ..wanted(&paced.url())
            };
            world.subscriptions.create(&Ctx::operator(owner), new).await.unwrap();
        }
        let events: Vec<_> = (0..30).map(|_| event(&world.clock, owner)).collect();
        happen(world.db(), &world.clock, &events).await;
    }
    wait_until(DEADLINE, "all of them are served", async || {
        world.number(RUNNING).await >= 300
    })
    .await;
    let endpoint = world.endpoint(&neighbour).await;
    world.one().await;
    world.until(endpoint, "done", 1).await;
    assert!(
        world
            .number("SELECT COUNT(*) FROM deliveries WHERE state = 'pending'")
            .await
            > 0
    );
    world.end().await;
}
