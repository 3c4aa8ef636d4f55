//! Processes that are killed while they deliver.

use std::{collections::HashMap, time::Duration};

use mainstay::{
    clock::Clock,
    crypto::Keyring,
    db::Db,
    domain::{Ctx, EndpointId},
    egress::EgressClient,
    records::tenants,
    webhooks::WebhookService,
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{egress, event, happen, wanted},
};
use crate::support::{deployment::Deployment, wait::wait_until};

/// A lease has to end, and a process to start.
const DEADLINE: Duration = Duration::from_secs(90);
const EVENTS: usize = 300;

async fn start(deployment: &mut Deployment) {
    deployment.set("MAINSTAY_EGRESS_NETWORKS", "127.0.0.0/8");
    deployment.set("MAINSTAY_EGRESS_HTTP", "allow");
    deployment.start().await;
}

async fn restart(deployment: &mut Deployment) {
    if deployment.is_embedded() {
        deployment.kill_api().await;
        deployment.start_api().await;
    } else {
        deployment.kill_worker().await;
        deployment.start_worker().await;
    }
}

async fn subscriptions(deployment: &Deployment, db: &Db) -> WebhookService {
    WebhookService {
        db: db.clone(),
        clock: Clock::default(),
        keyring: Keyring::parse(deployment.variable("MAINSTAY_MASTER_KEY")).unwrap(),
        egress: EgressClient::new(egress()).unwrap(),
    }
}

#[both_sizes]
async fn a_kill_loses_nothing_and_what_comes_again_is_the_same(mut deployment: Deployment) {
    start(&mut deployment).await;
    // Slow enough that a kill finds some under way, and some answered that are not written.
    let receiver = Receiver::doing(|_, _| Reply::Late(Duration::from_millis(15), 200)).await;
    let db = deployment.db().await;
    let with = subscriptions(&deployment, &db).await;
    let tenant = tenants::all(db.writer()).await.unwrap()[0].id;
    let endpoint: EndpointId = with
        .create(&Ctx::operator(tenant), wanted(&receiver.url()))
        .await
        .unwrap()
        .id;
    let events: Vec<_> = (0..EVENTS).map(|_| event(&with.clock, tenant)).collect();
    happen(&db, &with.clock, &events).await;
    db.close().await;
    for part in [50, 150] {
        wait_until(DEADLINE, "it delivers", async || receiver.count() >= part).await;
        restart(&mut deployment).await;
    }
    let db = deployment.db().await;
    wait_until(DEADLINE, "everything is delivered", async || {
        const DONE: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'done' AND endpoint_id = $1";
        let (done,): (i64,) = db.reader().sql(DONE, (endpoint,)).one().await.unwrap();
        done == EVENTS as i64
    })
    .await;
    let mut bodies: HashMap<String, String> = HashMap::new();
    for request in receiver.requests() {
        let known = bodies
            .entry(request.id().to_owned())
            .or_insert_with(|| request.body.clone());
        assert_eq!(*known, request.body, "the same id, the same body");
    }
    let expected: Vec<String> = events.iter().map(|it| it.id.to_string()).collect();
    assert!(expected.iter().all(|id| bodies.contains_key(id)) && bodies.len() == EVENTS);
    // Each kill repeats no more than was under way or not written then.
    assert!(receiver.count() < EVENTS + 150, "{}", receiver.count());
    db.close().await;
}
