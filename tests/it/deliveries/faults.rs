//! What goes wrong on our side, or under a run's feet.

use std::time::Duration;

use chrono::TimeDelta;
use mainstay::{
    domain::{Ctx, EndpointId, Id},
    queue::recurring,
    webhooks::{
        EndpointChanges,
        store::endpoints::{self, ENDPOINT_JOBS, EndpointRest},
    },
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World},
};
use crate::support::wait::wait_until;

async fn execute(world: &World, sql: &'static str) {
    world.db().sql(sql, ()).run().await.unwrap();
}

async fn attempts_of_line(world: &World, endpoint: EndpointId) -> (i64, Option<String>) {
    const SQL: &str = "SELECT attempts, last_error FROM endpoint_jobs WHERE id = $1";
    world.db().reader().sql(SQL, (endpoint,)).one().await.unwrap()
}

#[both_sizes]
async fn what_cannot_be_written_puts_off_its_own_endpoint_alone(world: World) {
    // As if the database took everything but this.
    if world.db().is_postgres() {
        execute(&world, "ALTER TABLE delivery_attempts ADD CHECK (http_status <> 418)").await;
    } else {
        execute(
            &world,
            "CREATE TRIGGER refuse BEFORE INSERT ON delivery_attempts WHEN NEW.http_status = 418
            BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .await;
    }
    let (bad, good) = (
        Receiver::doing(|_, _| Reply::status(418)).await,
        Receiver::start().await,
    );
    let (refused, beside) = (world.endpoint(&bad).await, world.endpoint(&good).await);
    world.one().await;
    wait_until(DEADLINE, "its line waits", async || {
        let (attempts, error) = attempts_of_line(&world, refused).await;
        attempts > 0 && error.is_some_and(|it| it.contains("cannot be stored"))
    })
    .await;
    world.one().await;
    world.until(beside, "done", 2).await;
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_whose_secret_does_not_open_waits_longer_each_time_whoever_wakes_it(world: World) {
    const SECRET: &str = "UPDATE endpoints SET secret = $2, revision = revision + 1 WHERE id = $1";
    let receiver = Receiver::start().await;
    let endpoint = world.endpoint(&receiver).await;
    let secret = world.standing(endpoint).await.secret;
    world.db().sql(SECRET, (endpoint, vec![0_u8; 40])).run().await.unwrap();
    world.one().await;
    // After the fifth failure it waits for sixteen seconds, give or take.
    for n in 1..=5 {
        wait_until(DEADLINE, "it was tried", async || {
            attempts_of_line(&world, endpoint).await.0 >= n
        })
        .await;
        if n < 5 {
            world.clock.advance(TimeDelta::minutes(1));
        }
    }
    const PENDING: &str = "SELECT COUNT(*) FROM endpoint_jobs WHERE state = 'pending'";
    wait_until(DEADLINE, "its line waits", async || world.number(PENDING).await == 1).await;
    let now = world.clock.now();
    assert!(
        endpoints::overdue_jobs(world.db().writer(), now)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        recurring::wake(world.db().writer(), &ENDPOINT_JOBS, &[endpoint.uuid()], now)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        attempts_of_line(&world, endpoint)
            .await
            .1
            .unwrap()
            .contains("secrets cannot be decrypted")
    );
    world.db().sql(SECRET, (endpoint, secret)).run().await.unwrap();
    world.clock.advance(TimeDelta::minutes(2));
    world.until(endpoint, "done", 1).await;
    wait_until(DEADLINE, "its line waits for nothing", async || {
        attempts_of_line(&world, endpoint).await.0 == 0
    })
    .await;
    world.end().await;
}

#[both_sizes]
async fn a_run_that_lost_its_line_does_not_put_it_off(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::Late(Duration::from_millis(700), 200)).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let lease = async || {
        let lease = recurring::lease(world.db().reader(), &ENDPOINT_JOBS, endpoint).await;
        lease.unwrap()
    };
    wait_until(DEADLINE, "the line is in hand", async || lease().await.is_some()).await;
    let mut other = lease().await.unwrap();
    other.attempt += 1;
    let now = world.clock.now();
    let put_off = endpoints::reschedule_job(world.db(), other, EndpointRest::Disabled, now)
        .await
        .unwrap();
    assert_eq!(put_off, None);
    world.until(endpoint, "done", 1).await;
    world.end().await;
}

#[both_sizes]
async fn nobody_is_told_of_failures_at_a_place_that_was_changed_meanwhile(world: World) {
    let dead = Receiver::doing(|_, _| Reply::status(500)).await;
    let endpoint = world.endpoint(&dead).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    for n in 1..=2 {
        world.clock.advance(TimeDelta::hours(29));
        world.until_attempts(endpoint, n + 1).await;
    }
    // The next failure is the one that warns; while it is under way its owner changes the endpoint.
    dead.now_does(|_, _| Reply::Late(Duration::from_millis(700), 500));
    let before = dead.count();
    world.clock.advance(TimeDelta::hours(5));
    wait_until(DEADLINE, "it is under way", async || dead.count() > before).await;
    let changes = EndpointChanges {
        description: Some(Some("mine".to_owned())),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, changes)
        .await
        .unwrap();
    world.until_attempts(endpoint, 4).await;
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM events WHERE type = 'endpoint.failing'")
            .await,
        0
    );
    assert_eq!(world.standing(endpoint).await.health.warned_at, None);
    world.end().await;
}
