//! An account whose templates nobody has seen yet.

use mainstay::{
    domain::{Id, TemplateSyncId, TenantId},
    meta::message::{Language, TemplateMessage},
    queue::Lease,
    templates::{
        TemplateCache,
        store::templates::{self as store, FetchedTemplate},
    },
};

use crate::{
    sending::world::DEADLINE,
    support::{
        app::{TestApp, WABA},
        wait::wait_until,
    },
};

const HELLO: &str = "hello_world";

fn hello(test: &TestApp) -> FetchedTemplate {
    FetchedTemplate {
        id: test.app.clock.new_id(),
        meta_id: "1100000000000001".to_owned(),
        name: HELLO.to_owned(),
        language: "en_US".to_owned(),
        status: "APPROVED".to_owned(),
        category: Some("UTILITY".to_owned()),
        previous_category: None,
        quality: None,
        parameter_format: None,
        components: "[]".to_owned(),
        rejected_reason: None,
        ttl_seconds: None,
    }
}

async fn look(test: &TestApp, tenant: TenantId) -> TemplateCache {
    let mut cache = TemplateCache::default();
    let key = (tenant, WABA.to_owned(), HELLO.to_owned());
    cache.load(test.app.db.writer(), [key]).await.unwrap();
    cache
}

/// On SQLite the two looks follow each other just as well; only PostgreSQL lets a test come in between.
#[tokio::test]
async fn a_first_sync_that_ends_while_somebody_looks_leaves_no_template_unknown() {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'template_syncs'::regclass";
    let test = TestApp::postgres().await;
    let (db, now) = (&test.app.db, test.app.clock.now());
    let id: TemplateSyncId = test.app.clock.new_id();
    db.sql("DELETE FROM template_syncs", ()).run().await.unwrap();
    store::request_sync(db.writer(), id, test.tenant, WABA, now, now)
        .await
        .unwrap();
    const LEASED: &str = "UPDATE template_syncs SET state = 'running', attempts = 1";
    db.sql(LEASED, ()).run().await.unwrap();

    let mut sync = db.begin().await.unwrap();
    let lock = sync.sql("LOCK TABLE template_syncs IN ACCESS EXCLUSIVE MODE", ());
    lock.run().await.unwrap();
    let looking = look(&test, test.tenant);
    let syncing = async {
        let waits = async || test.count(WAITING).await == 1;
        wait_until(DEADLINE, "somebody looks", waits).await;
        let found = [hello(&test)];
        store::upsert(sync.on(), test.tenant, WABA, &found, now).await.unwrap();
        let lease = Lease {
            id: id.uuid(),
            attempt: 1,
        };
        store::complete_sync(&mut sync, lease, now, now).await.unwrap();
        sync.commit().await.unwrap();
    };
    let (cache, ()) = tokio::join!(looking, syncing);

    let language = Language {
        code: "en_US".to_owned(),
        policy: None,
    };
    let template = TemplateMessage {
        name: HELLO.to_owned(),
        language,
        components: Vec::new(),
    };
    assert_eq!(cache.check(test.tenant, WABA, &template), Ok(Some("UTILITY")));
}
