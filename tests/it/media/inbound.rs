use mainstay_test_macros::both_databases;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    meta::{Meta, MetaFile, base64_digest},
    stage::{DEADLINE, PIXEL, bytes, calling, events, file_message, media_of, number, pdf, show, stored, work},
};
use crate::support::{
    app::{NUMBER, TestApp},
    http::Client,
    wait::wait_until,
    webhook::{ANA, T0, change, text},
};

#[both_databases]
async fn a_picture_in_a_webhook_becomes_a_file_an_event_and_smaller_pictures(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    meta.hold("7001", "image/png", PIXEL);
    let file = json!({ "id": "7001", "mime_type": "image/png", "sha256": base64_digest(PIXEL), "caption": "Look" });
    test.receive(&file_message("wamid.1", "image", file)).await;
    let client = Client::of(&app).with(&test.key);
    let id = media_of(&app, "wamid.1").await;
    let pending = show(&client, id).await;
    assert_eq!((&pending["status"], &pending["url"]), (&json!("pending"), &json!(null)));
    assert_eq!(bytes(&client, id).await.problem(409), "media-not-ready");
    work(&app).await;
    let read = bytes(&client, id).await.ok();
    assert_eq!(
        (&read.body[..], read.header("content-type")),
        (PIXEL, Some("image/png"))
    );
    let shown = show(&client, id).await;
    let sha256 = hex::encode(Sha256::digest(PIXEL));
    for (member, expected) in [
        ("status", json!("ready")),
        ("type", json!("image")),
        ("origin", json!("customer")),
        ("mime_type", json!("image/png")),
        ("size", json!(PIXEL.len())),
        ("sha256", json!(sha256)),
        ("width", json!(1)),
        ("height", json!(1)),
        ("error", json!(null)),
    ] {
        assert_eq!(shown[member], expected, "{member} in {shown}");
    }
    assert_eq!(shown["variants"]["thumbnail"]["mime_type"], "image/png");
    let told = events(&client, "media.ready").await;
    let [event] = &told[..] else { panic!("{told:?}") };
    let told = &event["data"]["media"];
    let message = client.get("/api/v1/messages").await.ok().json()["data"][0].clone();
    assert_eq!(message["media_id"], json!(id));
    for (member, expected) in [
        ("id", json!(id)),
        ("message_id", message["id"].clone()),
        ("conversation_id", message["conversation_id"].clone()),
        ("channel_id", message["channel_id"].clone()),
        ("wamid", json!("wamid.1")),
        ("sha256", json!(sha256)),
        ("error", json!(null)),
    ] {
        assert_eq!(told[member], expected, "{member} in {told}");
    }
    assert_eq!(
        events(&client, "message.received").await[0]["data"]["message"]["media_id"],
        json!(id)
    );
    assert_eq!(number(&app, "SELECT COUNT(*) FROM storage_removals").await, 0);
}

#[both_databases]
async fn a_batch_without_media_wants_nothing_and_a_redelivered_one_wants_nothing_twice(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM media").await, 0);
    for _ in 0..3 {
        test.receive(&file_message(
            "wamid.2",
            "document",
            json!({ "id": "7002", "filename": "a.pdf" }),
        ))
        .await;
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM media WHERE state = 'pending' AND filename = 'a.pdf'")
            .await,
        1
    );
}

#[both_databases]
async fn every_spelling_of_a_digest_is_checked_and_its_absence_borne(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let hexadecimal = |bytes: &[u8]| Some(hex::encode(Sha256::digest(bytes)));
    let (a, b, c, d) = (pdf(1_000), pdf(2_000), pdf(3_000), pdf(4_000));
    for (id, bytes, sha256) in [
        ("a", &a, hexadecimal(&a)),
        ("b", &b, Some(base64_digest(&b))),
        ("c", &c, None),
        ("d", &d, Some("q83vEg==".to_owned())),
    ] {
        meta.hold_as(
            id,
            MetaFile {
                sha256: sha256.clone(),
                size: json!(bytes.len().to_string()),
                ..MetaFile::of("application/pdf", bytes)
            },
        );
        test.receive(&file_message(
            &format!("wamid.{id}"),
            "document",
            json!({ "id": id, "sha256": sha256 }),
        ))
        .await;
    }
    work(&app).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM media WHERE state = 'done' AND file_id IS NOT NULL")
            .await,
        4
    );
}

#[both_databases]
async fn the_same_bytes_are_kept_once_for_a_tenant(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let file = pdf(10_000);
    for n in 0..5 {
        meta.hold(&n.to_string(), "application/pdf", &file);
        test.receive(&file_message(
            &format!("wamid.{n}"),
            "document",
            json!({ "id": n.to_string() }),
        ))
        .await;
    }
    work(&app).await;
    mainstay::housekeeping::reconcile(&app).await.unwrap();
    assert_eq!(test.count("SELECT COUNT(*) FROM media WHERE state = 'done'").await, 5);
    assert_eq!(
        (test.count("SELECT COUNT(*) FROM media_files").await, stored(&app).len()),
        (1, 1)
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM storage_removals").await, 0);
    let client = Client::of(&app).with(&test.key);
    assert_eq!(events(&client, "media.ready").await.len(), 5);
    assert_eq!(bytes(&client, media_of(&app, "wamid.4").await).await.ok().body, file);
}

#[both_databases]
async fn echoes_history_and_what_takes_a_placeholders_place_are_fetched_too(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    for id in ["1", "2", "3"] {
        meta.hold(id, "application/pdf", &pdf(id.parse::<usize>().unwrap() * 1_000));
    }
    let echo = json!({ "from": "15550783881", "to": ANA.phone, "id": "wamid.echo", "timestamp": T0.to_string(),
        "type": "document", "document": { "id": "1" } });
    test.receive(&change("smb_message_echoes", json!({ "message_echoes": [echo] })))
        .await;
    let past = |wamid: &str, content: serde_json::Value| {
        let mut message = content;
        message["from"] = json!(ANA.phone);
        message["id"] = json!(wamid);
        message["timestamp"] = json!((T0 - 1_000).to_string());
        message["history_context"] = json!({ "status": "READ" });
        message
    };
    let thread = json!({ "id": ANA.phone, "messages": [
        past("wamid.past", json!({ "type": "document", "document": { "id": "2" } })),
        past("wamid.late", json!({ "type": "media_placeholder" })),
    ] });
    let chunk =
        json!({ "history": [{ "metadata": { "phase": 0, "chunk_order": 1, "progress": 100 }, "threads": [thread] }] });
    test.receive(&change("history", chunk)).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM media").await, 2);
    let late = json!({ "messages": [past("wamid.late", json!({ "type": "document", "document": { "id": "3" } }))] });
    for _ in 0..2 {
        test.receive(&change("history", late.clone())).await;
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM media WHERE lane = 1 AND origin = 'echo'")
            .await,
        1
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM media WHERE lane = 2 AND origin = 'history'")
            .await,
        2
    );
    work(&app).await;
    let client = Client::of(&app).with(&test.key);
    for (wamid, length) in [("wamid.echo", 1_000), ("wamid.past", 2_000), ("wamid.late", 3_000)] {
        assert_eq!(
            bytes(&client, media_of(&app, wamid).await).await.ok().body,
            pdf(length),
            "{wamid}"
        );
    }
    let (shown,): (mainstay::domain::MessageId,) = app
        .db
        .sql("SELECT message_id FROM media WHERE meta_id = '3'", ())
        .one()
        .await
        .unwrap();
    let message = client.get(&format!("/api/v1/messages/{shown}")).await.ok().json();
    assert_eq!(
        (&message["wamid"], &message["type"]),
        (&json!("wamid.late"), &json!("document"))
    );
}

#[both_databases]
async fn a_placeholder_and_its_content_in_one_batch_lose_nothing(test: TestApp) {
    let past = |content: serde_json::Value| {
        let mut message = content;
        message["from"] = json!(ANA.phone);
        message["id"] = json!("wamid.1");
        message["timestamp"] = json!(T0.to_string());
        change("history", json!({ "messages": [message] }))
    };
    test.store(past(json!({ "type": "media_placeholder" })).to_string())
        .await;
    test.store(past(json!({ "type": "image", "image": { "id": "7" } })).to_string())
        .await;
    test.process_all(64).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE type = 'image' AND media_id IS NOT NULL")
            .await,
        1
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM media").await, 1);
}

#[both_databases]
async fn the_bytes_decide_what_a_file_is_and_meta_where_they_do_not_tell(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let opus = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    for (id, kind, said, bytes) in [
        ("1", "audio", "audio/ogg; codecs=opus", &opus[..]),
        ("2", "image", "image/jpeg", PIXEL),
        ("3", "document", "text/csv", b"a,b\n1,2\n"),
    ] {
        meta.hold(id, "application/octet-stream", bytes);
        test.receive(&file_message(
            &format!("wamid.{id}"),
            kind,
            json!({ "id": id, "mime_type": said }),
        ))
        .await;
    }
    work(&app).await;
    let client = Client::of(&app).with(&test.key);
    for (wamid, expected) in [
        ("wamid.1", "audio/ogg; codecs=opus"),
        ("wamid.2", "image/png"),
        ("wamid.3", "text/csv"),
    ] {
        assert_eq!(
            show(&client, media_of(&app, wamid).await).await["mime_type"],
            expected,
            "{wamid}"
        );
    }
}

#[both_databases]
async fn what_meta_will_soon_forget_goes_first(test: TestApp) {
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    assert_eq!(test.count("SELECT lane FROM media").await, 1);
    test.advance(chrono::TimeDelta::days(6) + chrono::TimeDelta::hours(1));
    mainstay::housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count("SELECT lane FROM media").await, 0);
    // The recorder is one for all tests, and another may scrape between our scrape and its answer.
    wait_until(DEADLINE, "the metric tells how long is left", async || {
        let metrics = Client::of(&test.app).get("/metrics").await.ok().text();
        let gauge = metrics
            .lines()
            .find(|line| line.starts_with("mainstay_media_deadline_seconds"));
        let left: f64 = gauge.expect("the metric").rsplit(' ').next().unwrap().parse().unwrap();
        (23.0 * 3_600.0 - 120.0..=23.0 * 3_600.0).contains(&left)
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_hides_other_tenants_media() {
    let test = TestApp::postgres().await;
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    meta.hold("1", "application/pdf", &pdf(1_000));
    test.receive(&file_message("wamid.1", "document", json!({ "id": "1" })))
        .await;
    work(&app).await;
    let id = media_of(&app, "wamid.1").await;
    mainstay::media::meta_id(&app.media, test.tenant, super::stage::channel(&app), id)
        .await
        .unwrap();
    assert_eq!(meta.uploads()[0].number, NUMBER);
    let (rival, _) = mainstay::tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    for table in ["media", "media_files", "media_uploads"] {
        let all = || mainstay::db::Sql::built(format!("SELECT COUNT(*) FROM {table}"));
        for (tenant, expected) in [(rival.id, 0), (test.tenant, 1)] {
            let mut tx = app.db.begin_read_as(tenant).await.unwrap();
            let (seen,): (i64,) = tx.sql(all(), ()).one().await.unwrap();
            assert_eq!(seen, expected, "{table}");
            drop(tx);
        }
    }
    let mut tx = app.db.begin_read_as(test.tenant).await.unwrap();
    assert!(tx.sql("SELECT COUNT(*) FROM storage_removals", ()).run().await.is_err());
}
