//! Consumers of events: each event once and in order, whatever fails, dies or runs beside them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use mainstay::{
    app::App,
    db::{Result, Sql, Tx},
    domain::{ContactId, EventConsumerId, Id, TenantId},
    events::contact::{MERGED, Merged},
    jobs,
    queue::{self, Workers},
    records::{
        event_consumers::{self, CONSUMERS, EventConsumer, EventConsumers},
        events::{self, Event, NewEvent},
    },
    tenancy,
};
use mainstay_test_macros::both_databases;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    sending::world::DEADLINE,
    support::{app::TestApp, wait::wait_until},
};

/// More than two pages.
const MANY: usize = 450;

/// Notes each event in a table where one that comes twice stands twice.
async fn note(tx: &mut Tx, name: &'static str, tenant: TenantId, events: &[Event]) -> Result<()> {
    const SQL: &str = "INSERT INTO seen (consumer, tenant_id, sequence) VALUES ($1, $2, $3)";
    for event in events {
        tx.sql(SQL, (name.to_owned(), tenant, event.sequence)).run().await?;
    }
    Ok(())
}

fn noting(name: &'static str) -> EventConsumer {
    EventConsumer::new(name, move |tx, tenant, events| Box::pin(note(tx, name, tenant, events)))
}

/// Notes them and fails, unless `works`.
fn failing(name: &'static str, works: Arc<AtomicBool>) -> EventConsumer {
    EventConsumer::new(name, move |tx, tenant, events| -> BoxFuture<'_, Result<()>> {
        let works = works.clone();
        Box::pin(async move {
            note(tx, name, tenant, events).await?;
            match works.load(SeqCst) {
                true => Ok(()),
                false => Err(sqlx::Error::Decode("no such place".into())),
            }
        })
    })
}

async fn app(test: &TestApp, consumers: impl IntoIterator<Item = EventConsumer>) -> App {
    const SQLITE: &str = "CREATE TABLE seen (
        n INTEGER PRIMARY KEY, consumer TEXT NOT NULL, tenant_id UUID NOT NULL, sequence BIGINT NOT NULL)";
    const POSTGRES: &str = "CREATE TABLE seen (
        n BIGSERIAL PRIMARY KEY, consumer TEXT NOT NULL, tenant_id UUID NOT NULL, sequence BIGINT NOT NULL)";
    let table = Sql::each(SQLITE, POSTGRES);
    test.app.db.sql(table, ()).run().await.unwrap();
    test.rebuilt(|parts| parts.consumers = EventConsumers::new(consumers))
}

/// Appends events of a tenant, some in a commit.
async fn append(app: &App, tenant: TenantId, count: usize) {
    let id: ContactId = app.clock.new_id();
    let data = Merged {
        contact_id: id,
        merged_contact_id: id,
    };
    let now = app.clock.now();
    let new: Vec<NewEvent> = (0..count)
        .map(|_| NewEvent::new(&app.clock, tenant, &MERGED, now, &data))
        .collect();
    for some in new.chunks(7) {
        let append = async |tx: &mut Tx| events::append(tx, some, now).await;
        app.db.transaction(append).await.unwrap();
    }
}

async fn last(app: &App, tenant: TenantId) -> i64 {
    const SQL: &str = "SELECT last_sequence FROM event_cursors WHERE tenant_id = $1";
    let (last,): (i64,) = app.db.sql(SQL, (tenant,)).one().await.unwrap();
    last
}

/// What a consumer has seen, in the order in which it saw it.
async fn seen(app: &App, name: &str, tenant: TenantId) -> Vec<i64> {
    const SQL: &str = "SELECT sequence FROM seen WHERE consumer = $1 AND tenant_id = $2 ORDER BY n";
    let seen: Vec<(i64,)> = app.db.sql(SQL, (name.to_owned(), tenant)).all().await.unwrap();
    seen.into_iter().map(|(sequence,)| sequence).collect()
}

async fn saw_all(app: &App, name: &str, tenant: TenantId) -> bool {
    seen(app, name, tenant).await.len() as i64 >= last(app, tenant).await
}

async fn assert_saw_each_once(app: &App, name: &str, tenant: TenantId) {
    let all: Vec<i64> = (1..=last(app, tenant).await).collect();
    assert_eq!(seen(app, name, tenant).await, all, "{name}");
}

async fn look(app: &App) {
    event_consumers::wake_lagging((&app.db, &app.clock, &app.queues), &app.consumers)
        .await
        .unwrap();
}

fn start(app: &App) -> (JoinHandle<()>, CancellationToken) {
    let workers = Workers::new(app.clone(), app.db.clone(), app.queues.clone(), app.clock.clone());
    let shutdown = CancellationToken::new();
    let run = jobs::register(workers, app).run(shutdown.clone());
    (tokio::spawn(async move { run.await.unwrap() }), shutdown)
}

async fn work_until(app: &App, what: &str, holds: impl AsyncFnMut() -> bool) {
    let (working, shutdown) = start(app);
    wait_until(DEADLINE, what, holds).await;
    shutdown.cancel();
    working.await.unwrap();
}

/// The cursor of the only consumer, leased as by a worker.
async fn lease(app: &App) -> EventConsumerId {
    look(app).await;
    let (id,): (Uuid,) = app.db.sql("SELECT id FROM event_consumers", ()).one().await.unwrap();
    let now = app.clock.now();
    let leases = queue::claim(app.db.writer(), &CONSUMERS, &[id], now + TimeDelta::seconds(15), now).await;
    assert_eq!(leases.unwrap().len(), 1);
    EventConsumerId::from_uuid(id)
}

async fn run(app: &App, id: EventConsumerId) -> Result<Option<DateTime<Utc>>> {
    event_consumers::run(&app.db, &app.clock, &app.consumers, id).await
}

async fn sequence(app: &App) -> i64 {
    let (sequence,): (i64,) = app
        .db
        .sql("SELECT sequence FROM event_consumers", ())
        .one()
        .await
        .unwrap();
    sequence
}

#[both_databases]
async fn each_consumer_sees_every_event_of_every_tenant_once_and_in_order(test: TestApp) {
    let app = app(&test, [noting("one"), noting("other")]).await;
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let tenants = [test.tenant, rival.id];
    for tenant in tenants {
        append(&app, tenant, MANY).await;
    }
    look(&app).await;
    work_until(&app, "all is seen", async || {
        let mut all = true;
        for tenant in tenants {
            all = all && saw_all(&app, "one", tenant).await && saw_all(&app, "other", tenant).await;
        }
        all
    })
    .await;
    for tenant in tenants {
        assert_saw_each_once(&app, "one", tenant).await;
        assert_saw_each_once(&app, "other", tenant).await;
    }
    // Nobody lags: the next look wakes nobody.
    look(&app).await;
    let due = "SELECT COUNT(*) FROM event_consumers WHERE state <> 'pending' OR attempts > 0 OR due_at < $1";
    let (due,): (i64,) = app
        .db
        .sql(due, (app.clock.now() + TimeDelta::days(1),))
        .one()
        .await
        .unwrap();
    assert_eq!(due, 0);
}

/// The hint of a commit wakes it, without a look at all tenants.
#[both_databases]
async fn a_commit_wakes_the_consumers_of_its_tenants(test: TestApp) {
    let app = app(&test, [noting("one")]).await;
    let hints = app.db.subscribe_to_hints(CONSUMERS.name).unwrap();
    let over = CancellationToken::new();
    let parts = (app.db.clone(), app.clock.clone(), app.queues.clone());
    let waking = event_consumers::wake_hinted(parts, app.consumers.clone(), hints, over.clone());
    let waking = tokio::spawn(waking);
    let (working, shutdown) = start(&app);
    for _ in 0..3 {
        append(&app, test.tenant, 10).await;
        wait_until(DEADLINE, "it is seen", async || saw_all(&app, "one", test.tenant).await).await;
    }
    over.cancel();
    shutdown.cancel();
    waking.await.unwrap();
    working.await.unwrap();
    assert_saw_each_once(&app, "one", test.tenant).await;
}

#[both_databases]
async fn what_fails_between_effect_and_cursor_is_neither_lost_nor_doubled(test: TestApp) {
    let works = Arc::new(AtomicBool::new(false));
    let app = app(&test, [failing("one", works.clone())]).await;
    append(&app, test.tenant, MANY).await;
    let id = lease(&app).await;
    let error = run(&app, id).await.unwrap_err();
    assert!(error.to_string().contains("no such place"), "{error}");
    assert_eq!(
        (seen(&app, "one", test.tenant).await, sequence(&app).await),
        (Vec::new(), 0)
    );
    works.store(true, SeqCst);
    let due = run(&app, id).await.unwrap();
    assert!(due.is_some_and(|due| due > app.clock.now() + TimeDelta::days(365)));
    assert_saw_each_once(&app, "one", test.tenant).await;
    assert_eq!(sequence(&app).await, last(&app, test.tenant).await);
}

/// As when the process is killed: the effects of the second page are written, and nothing more comes.
#[both_databases]
async fn what_dies_between_effect_and_cursor_is_neither_lost_nor_doubled(test: TestApp) {
    let dies = Arc::new(AtomicBool::new(true));
    let reached = Arc::new(AtomicBool::new(false));
    let (died, at) = (dies.clone(), reached.clone());
    let consumer = EventConsumer::new("one", move |tx, tenant, events| -> BoxFuture<'_, Result<()>> {
        let (dies, reached) = (died.clone(), at.clone());
        Box::pin(async move {
            note(tx, "one", tenant, events).await?;
            if events[0].sequence > 1 && dies.load(SeqCst) {
                reached.store(true, SeqCst);
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    });
    let app = app(&test, [consumer]).await;
    append(&app, test.tenant, MANY).await;
    let id = lease(&app).await;
    let killed = app.clone();
    let running = tokio::spawn(async move { run(&killed, id).await });
    wait_until(DEADLINE, "the second page is in hand", async || reached.load(SeqCst)).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    dies.store(false, SeqCst);
    assert_eq!(sequence(&app).await, 200, "the first page is kept");
    assert_eq!(seen(&app, "one", test.tenant).await.len(), 200);
    // Its lease ends, and another worker goes on.
    app.clock.advance(TimeDelta::seconds(20));
    work_until(&app, "all is seen", async || saw_all(&app, "one", test.tenant).await).await;
    assert_saw_each_once(&app, "one", test.tenant).await;
}

/// The first page ends as another worker takes the cursor over: its lease had ended.
#[both_databases]
async fn who_lost_the_lease_consumes_nothing_more(test: TestApp) {
    const TAKEN_OVER: &str = "UPDATE event_consumers SET attempts = attempts + 1 WHERE sequence = 0";
    let consumer = EventConsumer::new("one", move |tx, tenant, events| -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            note(tx, "one", tenant, events).await?;
            tx.sql(TAKEN_OVER, ()).run().await.map(drop)
        })
    });
    let app = app(&test, [consumer]).await;
    append(&app, test.tenant, MANY).await;
    let id = lease(&app).await;
    assert_eq!(run(&app, id).await.unwrap(), None);
    assert_eq!(
        (seen(&app, "one", test.tenant).await.len(), sequence(&app).await),
        (200, 200)
    );
    // The other one goes on where it ended.
    assert!(run(&app, id).await.unwrap().is_some());
    assert_saw_each_once(&app, "one", test.tenant).await;
}

#[both_databases]
async fn two_workers_share_the_tenants_while_events_are_appended(test: TestApp) {
    let app = app(&test, [noting("one"), noting("other")]).await;
    let mut tenants = vec![test.tenant];
    for name in ["Second", "Third"] {
        tenants.push(tenancy::create_tenant(&test.registry, name).await.unwrap().0.id);
    }
    let workers = [start(&app), start(&app)];
    for _ in 0..10 {
        for tenant in &tenants {
            append(&app, *tenant, 20).await;
        }
        look(&app).await;
    }
    for tenant in &tenants {
        for name in ["one", "other"] {
            wait_until(DEADLINE, "all is seen", async || saw_all(&app, name, *tenant).await).await;
        }
    }
    for (working, shutdown) in workers {
        shutdown.cancel();
        working.await.unwrap();
    }
    for tenant in tenants {
        assert_saw_each_once(&app, "one", tenant).await;
        assert_saw_each_once(&app, "other", tenant).await;
    }
}

#[both_databases]
async fn a_consumer_that_fails_backs_off_and_stops_nobody(test: TestApp) {
    const FAILED: &str = "
        SELECT COUNT(*) FROM event_consumers
        WHERE consumer = 'bad' AND state = 'pending' AND attempts >= 2 AND sequence = 0 AND last_error LIKE '%no such place%'";
    const REST: &str = "SELECT attempts, due_at FROM event_consumers WHERE consumer = 'bad'";
    let works = Arc::new(AtomicBool::new(false));
    let app = app(&test, [failing("bad", works.clone()), noting("good")]).await;
    append(&app, test.tenant, MANY).await;
    look(&app).await;
    work_until(&app, "one is done and the other fails", async || {
        saw_all(&app, "good", test.tenant).await && test.count(FAILED).await == 1
    })
    .await;
    assert_saw_each_once(&app, "good", test.tenant).await;
    assert_eq!(seen(&app, "bad", test.tenant).await, Vec::<i64>::new());
    let rest: (i64, DateTime<Utc>) = app.db.sql(REST, ()).one().await.unwrap();
    append(&app, test.tenant, 1).await;
    look(&app).await;
    let woken: (i64, DateTime<Utc>) = app.db.sql(REST, ()).one().await.unwrap();
    assert_eq!(woken, rest, "more events do not shorten its rest");
    works.store(true, SeqCst);
    app.clock.advance(TimeDelta::minutes(10));
    work_until(&app, "it has caught up", async || {
        saw_all(&app, "bad", test.tenant).await
    })
    .await;
    assert_saw_each_once(&app, "bad", test.tenant).await;
}

#[both_databases]
async fn a_consumer_that_failed_fifty_times_runs_again(test: TestApp) {
    const FAILED: &str = "UPDATE event_consumers SET attempts = 50, last_error = 'away'";
    const RESTS: &str = "
        SELECT COUNT(*) FROM event_consumers WHERE state = 'pending' AND attempts = 0 AND last_error IS NULL";
    let app = app(&test, [noting("one")]).await;
    append(&app, test.tenant, 1).await;
    look(&app).await;
    assert_eq!(app.db.sql(FAILED, ()).run().await.unwrap(), 1);
    work_until(&app, "it runs", async || test.count(RESTS).await == 1).await;
    assert_saw_each_once(&app, "one", test.tenant).await;
}

/// The row of a consumer that this version does not have rests.
#[both_databases]
async fn a_consumer_that_is_gone_rests(test: TestApp) {
    let app = app(&test, [noting("one")]).await;
    append(&app, test.tenant, 1).await;
    let id = lease(&app).await;
    let without = test.rebuilt(|parts| parts.consumers = EventConsumers::new([noting("other")]));
    let due = run(&without, id).await.unwrap();
    assert!(due.is_some_and(|due| due > app.clock.now() + TimeDelta::days(365)));
    assert_eq!(sequence(&app).await, 0);
}

#[both_databases]
async fn without_consumers_nothing_is_stored_or_hinted_at(test: TestApp) {
    let mut others = test.app.db.subscribe_to_hints("webhook-deliveries").unwrap();
    append(&test.app, test.tenant, 30).await;
    assert!(test.app.consumers.is_empty());
    look(&test.app).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM event_consumers").await, 0);
    assert!(others.try_recv().is_err(), "nobody hears of it");
    let mut hints = test.app.db.subscribe_to_hints(CONSUMERS.name).unwrap();
    append(&test.app, test.tenant, 1).await;
    let hint = tokio::time::timeout(Duration::from_secs(5), hints.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((hint.len(), hint[0].id), (1, test.tenant.uuid()));
}

#[tokio::test]
async fn readers_of_other_tenants_see_no_cursor() {
    const ALL: &str = "SELECT COUNT(*) FROM event_consumers";
    let test = TestApp::postgres().await;
    let app = app(&test, [noting("one")]).await;
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    append(&app, test.tenant, 1).await;
    look(&app).await;
    for (tenant, expected) in [(test.tenant, 1), (rival.id, 0)] {
        let mut tx = app.db.begin_read_as(tenant).await.unwrap();
        let (count,): (i64,) = tx.sql(ALL, ()).one().await.unwrap();
        assert_eq!(count, expected);
    }
}
