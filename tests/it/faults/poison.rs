//! A webhook that the database refuses, from its first attempt to its replay, with everything running in this process on a clock that
//! the test moves.

use std::time::Duration;

use chrono::TimeDelta;
use mainstay::{
    clock::Clock,
    config::{Config, Secret},
    db::{Db, Sql},
    domain::Ctx,
    jobs::ProcessEvents,
    process::{self, Roles},
    queue::Job,
    tenancy::{self, NewChannel, TenantService},
};
use serde_json::json;

use super::{http::Client, ledgers::count};
use crate::support::{
    app::{APP_SECRET, NUMBER, WABA, config},
    databases::{migrated_postgres, migrated_sqlite},
    folder::Folder,
    wait::wait_until,
    webhook::{ANA, BEN, T0, text},
};

const DEADLINE: Duration = Duration::from_secs(30);
const POISON: &str = "SELECT COUNT(*) FROM messages WHERE wamid = 'wamid.poison'";
/// Longer than the longest rest between two attempts.
const REST: TimeDelta = TimeDelta::minutes(11);

#[tokio::test]
async fn a_poisonous_webhook_ends_dead_and_is_revived_on_sqlite() {
    let folder = Folder::new("poison");
    let url = migrated_sqlite(&folder).await;
    dies_and_is_revived(config(&url)).await;
}

#[tokio::test]
async fn a_poisonous_webhook_ends_dead_and_is_revived_on_postgres() {
    let folder = Folder::new("poison");
    let url = migrated_postgres(&folder).await;
    dies_and_is_revived(config(&url)).await;
}

async fn dies_and_is_revived(mut config: Config) {
    config.listen = ([127, 0, 0, 1], 0).into();
    let clock = Clock::default();
    let db = Db::open(&config.database_url, 2).await.unwrap();
    add_channel(&db, &clock, &config).await;
    let running = process::start(config, Roles::BOTH, clock.clone())
        .await
        .expect("it starts");
    let client = Client::to(format!("http://{}", running.address.expect("it listens")));

    poison(&db).await;
    post(&client, &text(BEN, "wamid.poison", T0, "bad")).await;
    post(&client, &text(ANA, "wamid.good", T0, "fine")).await;
    wait_until(DEADLINE, "its neighbour is processed", async || {
        count(&db, "SELECT COUNT(*) FROM messages WHERE wamid = 'wamid.good'").await == 1
    })
    .await;
    let mut attempts = 0;
    while count(&db, "SELECT COUNT(*) FROM raw_events WHERE state = 'dead'").await == 0 {
        wait_until(DEADLINE, "it is tried again once its rest is over", async || {
            count(&db, "SELECT CAST(MAX(attempts) AS BIGINT) FROM raw_events").await > attempts
        })
        .await;
        attempts = count(&db, "SELECT CAST(MAX(attempts) AS BIGINT) FROM raw_events").await;
        clock.advance(REST);
    }
    assert_eq!(attempts, ProcessEvents::MAX_ATTEMPTS, "it had all its attempts");

    let dead = client.get("/admin/queues/inbound/jobs?state=dead").await;
    let job = &dead.body["data"][0];
    assert_eq!(
        (dead.body["data"].as_array().map(Vec::len), &job["attempts"]),
        (Some(1), &json!(attempts))
    );
    assert!(
        job["last_error"].as_str().is_some_and(|it| it.contains("poison")),
        "{job}"
    );
    assert_eq!(client.get("/admin/queues/inbound").await.body["dead"], 1);

    cure(&db).await;
    let replayed = client
        .post("/admin/events/replay", &json!({ "ids": [job["id"]] }))
        .await;
    assert_eq!(
        (replayed.status, &replayed.body["replayed"]),
        (200, &json!(1)),
        "{replayed:?}"
    );
    wait_until(DEADLINE, "it is processed", async || count(&db, POISON).await == 1).await;
    assert_eq!(
        count(&db, "SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        2
    );
    assert_eq!(client.get("/admin/queues/inbound").await.body["dead"], 0);
    running.stop().await;
    db.close().await;
}

async fn add_channel(db: &Db, clock: &Clock, config: &Config) {
    let registry = TenantService {
        db: db.clone(),
        clock: clock.clone(),
        keyring: config.keyring.clone(),
    };
    let (tenant, _) = tenancy::create_tenant(&registry, "Acme").await.unwrap();
    let channel = NewChannel {
        phone_number_id: NUMBER.to_owned(),
        waba_id: WABA.to_owned(),
        access_token: Secret::new("EAAG-test"),
        app_secret: None,
    };
    tenancy::add_channel(&registry, &Ctx::operator(tenant.id), channel)
        .await
        .unwrap();
}

async fn post(client: &Client, webhook: &serde_json::Value) {
    let answer = client.post_signed(webhook.to_string(), APP_SECRET).await;
    assert_eq!(answer.status, 200, "what the database will refuse later is taken now");
}

/// Makes the database refuse one message, as a broken index or a bug would.
async fn poison(db: &Db) {
    const SQLITE: &str = "
        CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.wamid = 'wamid.poison'
        BEGIN SELECT RAISE(ABORT, 'poison'); END";
    const POSTGRES: &str = "ALTER TABLE messages ADD CONSTRAINT poison CHECK (wamid <> 'wamid.poison')";
    db.sql(Sql::each(SQLITE, POSTGRES), ()).run().await.unwrap();
}

async fn cure(db: &Db) {
    let cure = Sql::each("DROP TRIGGER poison", "ALTER TABLE messages DROP CONSTRAINT poison");
    db.sql(cure, ()).run().await.unwrap();
}
