use chrono::TimeDelta;
use mainstay::{domain::Id, housekeeping, media, media::MEDIA_INBOUND, queue};
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::{
    meta::{Manner, Meta, MetaFile},
    stage::{DEADLINE, PIXEL, bytes, calling, events, file_message, media_of, number, pdf, show, stored, upload, work},
};
use crate::support::{app::TestApp, http::Client, wait::wait_until};

#[both_databases]
async fn what_is_deleted_is_gone_from_the_store_at_once_with_its_variants(test: TestApp) {
    let client = Client::tenant(&test);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let twin = upload(&client, "image/png", "twin.png", PIXEL).await;
    work(&test.app).await;
    let link = show(&client, id).await["url"].as_str().unwrap().to_owned();
    assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    assert_eq!(
        client.delete(&format!("/api/v1/media/{id}")).await.problem(404),
        "not-found"
    );
    let shown = show(&client, id).await;
    assert_eq!(
        (&shown["status"], &shown["url"], &shown["filename"]),
        (&json!("deleted"), &json!(null), &json!(null))
    );
    assert_eq!(bytes(&client, id).await.problem(410), "media-deleted");
    assert_eq!(Client::of(&test.app).get(&link).await.problem(410), "media-deleted");
    assert_eq!(
        bytes(&client, twin).await.ok().body,
        PIXEL,
        "the other media with these bytes still has them"
    );
    assert_eq!(
        client.delete(&format!("/api/v1/media/{twin}")).await.status.as_u16(),
        204
    );
    assert_eq!(
        (
            stored(&test.app).len(),
            number(&test.app, "SELECT COUNT(*) FROM media_files").await
        ),
        (0, 0)
    );
    assert_eq!(number(&test.app, "SELECT COUNT(*) FROM storage_removals").await, 0);
    let again = upload(&client, "image/png", "again.png", PIXEL).await;
    assert_eq!(bytes(&client, again).await.ok().body, PIXEL);
}

#[both_databases]
async fn what_is_deleted_while_it_is_fetched_does_not_come_back(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    meta.hold_as(
        "1",
        MetaFile {
            manner: Manner::Stops,
            ..MetaFile::of("application/pdf", &pdf(12_000_000))
        },
    );
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    let (id, now) = (media_of(&app, "wamid.1").await, app.clock.now());
    queue::claim(
        app.db.writer(),
        &MEDIA_INBOUND,
        &[id.uuid()],
        now + TimeDelta::minutes(1),
        now,
    )
    .await
    .unwrap();
    let fetching = {
        let app = app.clone();
        tokio::spawn(async move { media::fetch(&app.media, id).await })
    };
    wait_until(DEADLINE, "half of it is written", async || !stored(&app).is_empty()).await;
    let client = Client::of(&app).with(&test.key);
    assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    meta.release();
    fetching.await.unwrap().unwrap();
    housekeeping::reconcile(&app).await.unwrap();
    assert_eq!(
        (
            stored(&app).len(),
            number(&app, "SELECT COUNT(*) FROM media_files").await
        ),
        (0, 0)
    );
    for kind in ["media.ready", "media.failed"] {
        assert!(events(&client, kind).await.is_empty(), "{kind}");
    }
    let message = client.get("/api/v1/messages").await.ok().json()["data"][0].clone();
    assert_eq!(
        (&message["media_id"], show(&client, id).await["status"].as_str()),
        (&json!(id), Some("deleted"))
    );
}

#[both_databases]
async fn what_is_older_than_media_are_kept_goes(test: TestApp) {
    let client = Client::tenant(&test);
    let old = upload(&client, "application/pdf", "old.pdf", &pdf(1_000)).await;
    let shared = upload(&client, "application/pdf", "shared.pdf", &pdf(2_000)).await;
    test.advance(TimeDelta::days(300));
    let young = upload(&client, "application/pdf", "young.pdf", &pdf(3_000)).await;
    let again = upload(&client, "application/pdf", "again.pdf", &pdf(2_000)).await;
    test.advance(TimeDelta::days(66));
    housekeeping::clean_up(&test.app).await.unwrap();
    housekeeping::reconcile(&test.app).await.unwrap();
    for (id, status) in [
        (old, "deleted"),
        (shared, "deleted"),
        (young, "ready"),
        (again, "ready"),
    ] {
        assert_eq!(show(&client, id).await["status"], status);
    }
    assert_eq!(bytes(&client, again).await.ok().body, pdf(2_000));
    assert_eq!(stored(&test.app).len(), 2);
}

#[both_databases]
async fn a_store_that_does_not_remove_is_asked_again(test: TestApp) {
    let client = Client::tenant(&test);
    let id = upload(&client, "application/pdf", "a.pdf", &pdf(1_000)).await;
    let [file] = <[_; 1]>::try_from(stored(&test.app)).unwrap();
    // A folder in the place of the file cannot be removed as one.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("x"), "x").unwrap();
    assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    assert!(number(&test.app, "SELECT COUNT(*) FROM storage_removals").await > 0);
    std::fs::remove_dir_all(&file).unwrap();
    std::fs::write(&file, "the file").unwrap();
    housekeeping::reconcile(&test.app).await.unwrap();
    assert_eq!(
        (
            stored(&test.app).len(),
            number(&test.app, "SELECT COUNT(*) FROM storage_removals").await
        ),
        (0, 0)
    );
}
