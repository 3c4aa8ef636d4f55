//! What is overlooked, kept no longer, or gone.

use chrono::TimeDelta;
use mainstay::{
    db::Db,
    domain::Ctx,
    housekeeping,
    webhooks::{self, EndpointChanges},
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World, happen},
};
use crate::support::wait::wait_until;

#[both_sizes]
async fn an_event_of_which_nobody_was_told_is_delivered_all_the_same(world: World) {
    let receiver = Receiver::start().await;
    let endpoint = world.endpoint(&receiver).await;
    // Through this handle nobody hears what is committed, as if the process had died right after it.
    let deaf = Db::open(&world.running.app.config.database_url, 2).await.unwrap();
    happen(&deaf, &world.clock, &[world.event()]).await;
    world.until(endpoint, "done", 1).await;
    deaf.close().await;
    world.end().await;
}

#[both_sizes]
async fn what_ended_long_ago_is_removed_with_its_attempts_and_nothing_else(world: World) {
    let first = world.event();
    let word = first.id.to_string();
    let receiver = Receiver::doing(move |it, _| Reply::status(if it.id() == word { 500 } else { 200 })).await;
    let endpoint = world.endpoint(&receiver).await;
    world.happen(&[first]).await;
    let failed = world.until_attempts(endpoint, 1).await;
    let events: Vec<_> = (0..1_200).map(|_| world.event()).collect();
    world.happen(&events).await;
    world.until(endpoint, "done", 1_200).await;
    let old = world.clock.now();
    assert_eq!(
        webhooks::purge(&world.subscriptions, old - TimeDelta::days(1))
            .await
            .unwrap(),
        0
    );
    let removed = webhooks::purge(&world.subscriptions, old + TimeDelta::seconds(1))
        .await
        .unwrap();
    assert_eq!(removed, 1_200);
    assert_eq!(
        world.number("SELECT COUNT(*) FROM deliveries").await,
        1,
        "what is not at its end stays"
    );
    assert!(!world.attempts(failed.id).await.is_empty());
    const OTHERS: &str = "SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'succeeded'";
    assert_eq!(world.number(OTHERS).await, 0);
    world.end().await;
}

#[both_sizes]
async fn what_waits_for_a_disabled_endpoint_longer_than_deliveries_are_kept_is_dead(world: World) {
    let failing = || Receiver::doing(|_, _| Reply::status(500));
    let (one, another) = (failing().await, failing().await);
    let (disabled, enabled) = (world.endpoint(&one).await, world.endpoint(&another).await);
    world.one().await;
    world.until_attempts(disabled, 1).await;
    world.until_attempts(enabled, 1).await;
    let disable = EndpointChanges {
        enabled: Some(false),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), disabled, disable)
        .await
        .unwrap();
    let forget = async |before| webhooks::purge(&world.subscriptions, before).await.unwrap();
    let old = world.clock.now() + TimeDelta::seconds(1);
    forget(old - TimeDelta::days(1)).await;
    assert_eq!(
        world.deliveries(disabled).await[0].state.as_str(),
        "pending",
        "it is young"
    );
    assert_eq!(forget(old).await, 0, "it is kept as long as others that have ended");
    let dead = world.deliveries(disabled).await.remove(0);
    assert!(
        dead.state.as_str() == "dead" && dead.last_error.as_ref().unwrap().contains("disabled"),
        "{dead:?}"
    );
    assert!(dead.finished_at.is_some());
    assert_eq!(world.deliveries(enabled).await[0].state.as_str(), "pending");
    assert_eq!(forget(world.clock.now() + TimeDelta::seconds(1)).await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM delivery_attempts").await, 1);
    world.end().await;
}

#[both_sizes]
async fn a_delivery_whose_event_is_kept_no_longer_is_dead(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::status(500)).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    let left = world
        .db()
        .sql("DELETE FROM events WHERE tenant_id = $1", (world.tenant,))
        .run()
        .await
        .unwrap();
    assert!(left > 0);
    world.clock.advance(TimeDelta::seconds(8));
    let dead = world.until(endpoint, "dead", 1).await.remove(0);
    assert!(dead.last_error.unwrap().contains("no longer stored"));
    assert_eq!(receiver.count(), 1);
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_that_is_removed_gets_nothing_more_and_leaves_nothing(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::status(500)).await;
    let endpoint = world.endpoint(&receiver).await;
    let events: Vec<_> = (0..700).map(|_| world.event()).collect();
    world.happen(&events).await;
    world.until_attempts(endpoint, 1).await;
    world
        .subscriptions
        .remove(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    assert!(world.subscriptions.find(world.tenant, endpoint).await.is_err());
    world.one().await;
    world.clock.advance(TimeDelta::minutes(16));
    wait_until(DEADLINE, "everything of it is gone", async || {
        housekeeping::reconcile(&world.running.app).await.unwrap();
        let mut left = 0;
        for sql in [
            "SELECT COUNT(*) FROM deliveries",
            "SELECT COUNT(*) FROM delivery_attempts",
            "SELECT COUNT(*) FROM endpoint_jobs",
            "SELECT COUNT(*) FROM endpoints",
        ] {
            left += world.number(sql).await;
        }
        left == 0
    })
    .await;
    world.end().await;
}

#[both_sizes]
async fn a_person_who_enables_or_moves_an_endpoint_has_what_waits_sent_at_once(world: World) {
    let later = || vec![("Retry-After", "36000".to_owned())];
    let (busy, elsewhere) = (
        Receiver::doing(move |_, _| Reply::Answer(503, later(), String::new())).await,
        Receiver::start().await,
    );
    let endpoint = world.endpoint(&busy).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    let change = async |to: EndpointChanges| {
        world
            .subscriptions
            .change(&Ctx::operator(world.tenant), endpoint, to)
            .await
            .unwrap()
    };
    change(EndpointChanges {
        enabled: Some(false),
        ..EndpointChanges::default()
    })
    .await;
    change(EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    })
    .await;
    world.until_attempts(endpoint, 2).await;
    change(EndpointChanges {
        description: Some(None),
        ..EndpointChanges::default()
    })
    .await;
    assert_eq!(
        world.deliveries(endpoint).await[0].attempts,
        2,
        "another description is no reason"
    );
    change(EndpointChanges {
        url: Some(elsewhere.url()),
        ..EndpointChanges::default()
    })
    .await;
    world.until(endpoint, "done", 1).await;
    assert_eq!((busy.count(), elsewhere.count()), (2, 1));
    world.end().await;
}

#[both_sizes]
async fn a_run_heeds_what_a_person_changes_within_a_moment(world: World) {
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let endpoint = world
        .endpoint_with(&old, |new| {
            new.rate_limit_per_second = Some(5);
            new.max_concurrent = Some(1);
        })
        .await
        .id;
    let events: Vec<_> = (0..100).map(|_| world.event()).collect();
    world.happen(&events).await;
    // It has taken thirty-two in hand, for more than six seconds.
    wait_until(DEADLINE, "it is at work", async || old.count() >= 2).await;
    let to = EndpointChanges {
        url: Some(new.url()),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, to)
        .await
        .unwrap();
    wait_until(DEADLINE, "it goes to the new place", async || new.count() > 0).await;
    assert!(old.count() < 20, "{}", old.count());
    world
        .subscriptions
        .remove(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    let before = new.count();
    const RUNNING: &str = "SELECT COUNT(*) FROM endpoint_jobs WHERE state = 'running'";
    wait_until(DEADLINE, "it lets go", async || world.number(RUNNING).await == 0).await;
    assert!(new.count() < before + 20, "{}", new.count());
    world.end().await;
}

#[both_sizes]
async fn a_process_that_ends_lets_go_of_its_lines_at_once(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::Late(std::time::Duration::from_millis(300), 200)).await;
    let endpoint = world.endpoint_with(&receiver, |new| new.max_concurrent = Some(2)).await;
    let events: Vec<_> = (0..200).map(|_| world.event()).collect();
    world.happen(&events).await;
    wait_until(DEADLINE, "it is at work", async || receiver.count() > 2).await;
    let (url, tenant) = (world.running.app.config.database_url.clone(), world.tenant);
    let begun = std::time::Instant::now();
    let _folder = world.end().await;
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let db = Db::open(&url, 1).await.unwrap();
    let (state,): (String,) = db
        .reader()
        .sql("SELECT state FROM endpoint_jobs WHERE tenant_id = $1", (tenant,))
        .one()
        .await
        .unwrap();
    let (done,): (i64,) = db
        .reader()
        .sql(
            "SELECT COUNT(*) FROM deliveries WHERE state = 'done' AND endpoint_id = $1",
            (endpoint.id,),
        )
        .one()
        .await
        .unwrap();
    assert_eq!(
        (state.as_str(), done),
        ("pending", receiver.count() as i64),
        "what was sent is written"
    );
    db.close().await;
}
