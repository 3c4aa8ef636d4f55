use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use mainstay::{
    domain::Id,
    housekeeping, media,
    media::MEDIA_INBOUND,
    queue::{self, Outcome},
};
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::{
    meta::{Manner, Meta, MetaFile},
    stage::{DEADLINE, bytes, calling, events, file_message, media_of, number, pdf, show, stored, work, work_until},
};
use crate::support::{app::TestApp, http::Client, wait::wait_until};

/// One attempt at the only media, as a worker makes it.
async fn attempt(app: &mainstay::app::App) -> Outcome {
    let now = app.clock.now();
    let (id,): (uuid::Uuid,) = app.db.sql("SELECT id FROM media", ()).one().await.unwrap();
    let leases = queue::claim(
        app.db.writer(),
        &MEDIA_INBOUND,
        &[id],
        now + TimeDelta::seconds(15),
        now,
    )
    .await
    .unwrap();
    assert_eq!(leases.len(), 1, "it is due");
    media::fetch(&app.media, Id::from_uuid(id)).await.unwrap()
}

/// A web server that is not Meta's, and counts who comes.
struct Stranger {
    url: String,
    visits: Arc<AtomicUsize>,
}

impl Stranger {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = visits.clone();
        let router =
            axum::Router::new().fallback(move || async move { counter.fetch_add(1, Ordering::SeqCst).to_string() });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

async fn let_go(app: &mainstay::app::App) {
    app.db
        .sql("UPDATE media SET state = 'pending', due_at = received_at", ())
        .run()
        .await
        .unwrap();
}

#[both_databases]
async fn what_passes_is_tried_again_and_comes_in_the_end(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let good = MetaFile::of("application/pdf", &pdf(100_000));
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    let retried = |outcome: Outcome| matches!(outcome, Outcome::Retry { .. });
    meta.refuse(Some(190));
    assert!(retried(attempt(&app).await), "a bad token may be replaced");
    let_go(&app).await;
    meta.refuse(Some(80_007));
    assert!(
        matches!(attempt(&app).await, Outcome::RetryAfter { .. }),
        "who asks too often waits"
    );
    let_go(&app).await;
    meta.refuse(None);
    for manner in [Manner::BreaksOff, Manner::Expired] {
        meta.hold_as("1", MetaFile { manner, ..good.clone() });
        assert!(retried(attempt(&app).await));
        let_go(&app).await;
    }
    for bad in [
        MetaFile {
            sha256: Some("0".repeat(64)),
            ..good.clone()
        },
        MetaFile {
            size: json!(99_999),
            ..good.clone()
        },
    ] {
        meta.hold_as("1", bad);
        assert!(retried(attempt(&app).await));
        let_go(&app).await;
    }
    assert_eq!(
        (
            stored(&app).len(),
            number(&app, "SELECT COUNT(*) FROM media_files").await
        ),
        (0, 0),
        "nothing half is kept"
    );
    meta.hold_as("1", good);
    work(&app).await;
    let client = Client::of(&app).with(&test.key);
    assert_eq!(
        bytes(&client, media_of(&app, "wamid.1").await).await.ok().body,
        pdf(100_000)
    );
}

#[both_databases]
async fn meta_away_for_an_hour_loses_nothing(test: TestApp) {
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    let nobody = test.rebuilt(|parts| {
        parts.graph =
            mainstay::meta::graph::GraphClient::new("http://127.0.0.1:9", "v25.0", std::time::Duration::from_secs(2))
                .unwrap();
    });
    work_until(&nobody, "it was tried in vain", async || {
        number(&nobody, "SELECT attempts FROM media").await > 0
    })
    .await;
    test.advance(TimeDelta::hours(1));
    let meta = Meta::start().await;
    meta.hold("1", "application/pdf", &pdf(1_000));
    work(&calling(&test, &meta)).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM media WHERE state = 'done' AND last_error IS NULL")
            .await,
        1
    );
}

#[both_databases]
async fn what_is_hopeless_fails_with_an_event_told_once(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let huge = MetaFile {
        size: json!(100 * 1024 * 1024 + 1),
        ..MetaFile::of("video/mp4", b"0000ftypisom")
    };
    meta.hold_as("1", huge);
    test.receive(&file_message("wamid.1", "video", json!({ "id": "1" })))
        .await;
    work(&app).await;
    for _ in 0..2 {
        housekeeping::reconcile(&app).await.unwrap();
    }
    let client = Client::of(&app).with(&test.key);
    let told = events(&client, "media.failed").await;
    let [event] = &told[..] else { panic!("{told:?}") };
    let media = &event["data"]["media"];
    assert_eq!((&media["wamid"], &media["type"]), (&json!("wamid.1"), &json!("video")));
    assert!(media["error"].as_str().unwrap().contains("104857600"), "{media}");
    let id = media_of(&app, "wamid.1").await;
    assert_eq!(show(&client, id).await["status"], "failed");
    assert_eq!(bytes(&client, id).await.problem(410), "media-failed");
}

#[both_databases]
async fn the_token_is_shown_to_nobody_but_meta(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let stranger = Stranger::start().await;
    meta.elsewhere(&stranger.url);
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    for manner in [Manner::Foreign, Manner::Redirects] {
        meta.hold_as(
            "1",
            MetaFile {
                manner,
                ..MetaFile::of("application/pdf", &pdf(1_000))
            },
        );
        assert!(matches!(attempt(&app).await, Outcome::Retry { .. }));
        let_go(&app).await;
    }
    assert_eq!(
        (stranger.visits(), stored(&app).len()),
        (0, 0),
        "a stranger is not even asked"
    );
}

#[both_databases]
async fn more_than_is_kept_is_cut_off_whatever_was_announced(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let endless = MetaFile {
        manner: Manner::Endless,
        size: json!(null),
        sha256: None,
        ..MetaFile::of("video/mp4", b"")
    };
    meta.hold_as("1", endless);
    test.receive(&file_message("wamid.1", "video", json!({ "id": "1" })))
        .await;
    let outcome = attempt(&app).await;
    assert!(
        matches!(&outcome, Outcome::Discard { error } if error.contains("104857600")),
        "{outcome:?}"
    );
    assert_eq!(
        (
            stored(&app).len(),
            number(&app, "SELECT COUNT(*) FROM storage_removals").await
        ),
        (0, 0)
    );
}

#[both_databases]
async fn what_meta_does_not_know_is_believed_after_an_hour_and_may_be_retried_by_the_operator(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    for _ in 0..11 {
        assert!(matches!(attempt(&app).await, Outcome::Retry { .. }));
        let_go(&app).await;
    }
    work_until(&app, "it is given up", async || {
        number(&app, "SELECT COUNT(*) FROM media WHERE state = 'dead'").await == 1
    })
    .await;
    housekeeping::reconcile(&app).await.unwrap();
    let client = Client::of(&app).with(&test.key);
    assert_eq!(events(&client, "media.failed").await.len(), 1);
    meta.hold("1", "application/pdf", &pdf(1_000));
    let id = media_of(&app, "wamid.1").await;
    let retry = format!("/admin/queues/media_inbound/jobs/{id}/retry");
    Client::operator(&app).post(&retry, json!(null)).await.ok();
    work(&app).await;
    assert_eq!(show(&client, id).await["status"], "ready");
    assert_eq!(events(&client, "media.ready").await.len(), 1);
}

#[both_databases]
async fn after_seven_days_meta_is_not_asked_any_more(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    meta.hold("1", "application/pdf", &pdf(1_000));
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    test.advance(TimeDelta::days(7));
    assert!(matches!(attempt(&app).await, Outcome::Discard { .. }));
    assert!(meta.told().is_empty());
}

#[both_databases]
async fn a_worker_that_dies_over_a_file_leaves_nothing_behind_and_another_fetches_it(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let good = MetaFile::of("application/pdf", &pdf(12_000_000));
    meta.hold_as(
        "1",
        MetaFile {
            manner: Manner::Stops,
            ..good.clone()
        },
    );
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    let dying = {
        let app = app.clone();
        tokio::spawn(async move { attempt(&app).await })
    };
    wait_until(DEADLINE, "half of it is written", async || !stored(&app).is_empty()).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    meta.hold_as("1", good);
    meta.release();
    test.advance(TimeDelta::minutes(1));
    work(&app).await;
    let client = Client::of(&app).with(&test.key);
    assert_eq!(
        bytes(&client, media_of(&app, "wamid.1").await).await.ok().body,
        pdf(12_000_000)
    );
    test.advance(TimeDelta::days(2));
    housekeeping::reconcile(&app).await.unwrap();
    assert_eq!(
        (
            stored(&app).len(),
            number(&app, "SELECT COUNT(*) FROM storage_removals").await
        ),
        (1, 0)
    );
}

#[both_databases]
async fn a_full_store_is_waited_for(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    meta.hold("1", "application/pdf", &pdf(1_000));
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    // Where the store would make its folders there is a file: it can write nothing, whoever it runs as.
    let mainstay::config::StorageConfig::Folder(folder) = &app.config.storage else {
        panic!("a folder")
    };
    let tenant = folder.join(test.tenant.uuid().simple().to_string());
    std::fs::write(&tenant, "in the way").unwrap();
    assert!(matches!(attempt(&app).await, Outcome::Retry { .. }));
    let_go(&app).await;
    std::fs::remove_file(&tenant).unwrap();
    work(&app).await;
    assert_eq!(stored(&app).len(), 1);
}
