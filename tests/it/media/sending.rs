use chrono::TimeDelta;
use mainstay::media::{self, MediaKind, MetaIdError, SendableError};
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::{
    meta::Meta,
    stage::{DEADLINE, PIXEL, calling, channel, file_message, media_of, number, pdf, upload, work},
};
use crate::support::{
    app::{TestApp, WABA},
    http::Client,
    wait::wait_until,
};

#[both_databases]
async fn of_all_who_ask_at_once_in_any_process_one_uploads(test: TestApp) {
    let meta = Meta::start().await;
    let (here, there) = (calling(&test, &meta), calling(&test, &meta));
    let client = Client::of(&here).with(&test.key);
    let id = upload(&client, "application/pdf", "a.pdf", &pdf(6_000_000)).await;
    meta.be_slow();
    let (tenant, channel) = (test.tenant, channel(&here));
    let mut asking = Vec::new();
    for n in 0..20 {
        let app = if n % 2 == 0 { here.clone() } else { there.clone() };
        asking.push(tokio::spawn(async move {
            media::meta_id(&app.media, tenant, channel, id).await
        }));
    }
    wait_until(DEADLINE, "the upload is under way", async || !meta.uploads().is_empty()).await;
    meta.release();
    for asked in asking {
        assert_eq!(asked.await.unwrap().unwrap(), "meta-1");
    }
    let [uploaded] = <[_; 1]>::try_from(meta.uploads()).unwrap();
    assert_eq!(
        (uploaded.mime_type.as_str(), uploaded.filename.as_str()),
        ("application/pdf", "a.pdf")
    );
    assert_eq!(uploaded.bytes, pdf(6_000_000));
}

#[both_databases]
async fn the_name_that_meta_is_given_ends_as_the_verified_type_does(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let voice = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    for (n, (name, expected)) in [
        ("voice-note.mp4", "voice-note.mp4.ogg"),
        ("blob", "blob.ogg"),
        ("file", "file.ogg"),
        ("voice.oga", "voice.oga"),
    ]
    .into_iter()
    .enumerate()
    {
        // Files of the same bytes are uploaded once.
        let bytes = [&voice[..], &[n as u8]].concat();
        let id = upload(&client, "audio/ogg", name, &bytes).await;
        media::meta_id(&app.media, test.tenant, channel(&app), id)
            .await
            .unwrap();
        assert_eq!(meta.uploads().last().unwrap().filename, expected, "{name}");
    }
}

#[both_databases]
async fn metas_id_is_good_for_29_days_and_for_one_channel(test: TestApp) {
    let meta = Meta::start().await;
    let other = test.add_channel(test.tenant, "300000000000001", WABA).await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let twin = upload(&client, "image/png", "twin.png", PIXEL).await;
    let own = channel(&app);
    for (id, channel, expected) in [
        (id, own, "meta-1"),
        (id, own, "meta-1"),
        (twin, own, "meta-1"),
        (id, other.id, "meta-2"),
    ] {
        assert_eq!(
            media::meta_id(&app.media, test.tenant, channel, id).await.unwrap(),
            expected
        );
    }
    test.advance(TimeDelta::days(29) - TimeDelta::hours(1));
    assert_eq!(
        media::meta_id(&app.media, test.tenant, own, id).await.unwrap(),
        "meta-1"
    );
    test.advance(TimeDelta::hours(2));
    assert_eq!(
        media::meta_id(&app.media, test.tenant, own, id).await.unwrap(),
        "meta-3"
    );
    assert_eq!(
        meta.uploads().iter().map(|it| it.number.as_str()).collect::<Vec<_>>()[1],
        "300000000000001"
    );
}

#[both_databases]
async fn a_refusal_of_the_file_is_believed_for_a_minute_and_other_trouble_for_seconds(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let ask = async || media::meta_id(&app.media, test.tenant, channel(&app), id).await;
    meta.refuse(Some(131_053));
    for _ in 0..3 {
        let refused = ask().await;
        assert!(
            matches!(&refused, Err(MetaIdError::Refused(error)) if error.code == 131_053),
            "{refused:?}"
        );
    }
    assert_eq!(meta.uploads().len(), 1);
    test.advance(TimeDelta::seconds(61));
    meta.refuse(Some(190));
    for _ in 0..2 {
        assert!(matches!(ask().await, Err(MetaIdError::Refused(error)) if error.code == 190));
    }
    meta.refuse(None);
    test.advance(TimeDelta::seconds(6));
    assert_eq!(ask().await.unwrap(), "meta-3");
}

#[both_databases]
async fn an_upload_whose_process_died_is_taken_over(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    meta.be_slow();
    let (dying, tenant, channel) = (app.clone(), test.tenant, channel(&app));
    let dying = tokio::spawn(async move { media::meta_id(&dying.media, tenant, channel, id).await });
    wait_until(DEADLINE, "the upload is under way", async || !meta.uploads().is_empty()).await;
    dying.abort();
    drop(dying.await);
    meta.release();
    test.advance(TimeDelta::seconds(31));
    assert_eq!(media::meta_id(&app.media, tenant, channel, id).await.unwrap(), "meta-2");
}

#[both_databases]
async fn what_cannot_be_sent_says_why(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    test.receive(&file_message("wamid.1", "video", json!({ "id": "1" })))
        .await;
    let received = media_of(&app, "wamid.1").await;
    let ask = async |id| media::meta_id(&app.media, test.tenant, channel(&app), id).await;
    let sendable = async |id, kind| {
        let found = media::store::find(app.db.reader(), test.tenant, id).await.unwrap();
        media::check_sendable(found.as_ref(), kind)
    };
    assert!(matches!(ask(received).await, Err(MetaIdError::NotYet)));
    assert_eq!(sendable(received, MediaKind::Video).await, Err(SendableError::NotYet));
    let mut video = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    video.resize(17 * 1024 * 1024, 7);
    meta.hold("1", "video/mp4", &video);
    work(&app).await;
    assert!(
        matches!(
            sendable(received, MediaKind::Video).await,
            Err(SendableError::Rejected(_))
        ),
        "17 MB are too many for a video"
    );
    assert_eq!(sendable(received, MediaKind::Document).await, Ok(()));
    assert_eq!(ask(received).await.unwrap(), "meta-1");
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    assert_eq!(sendable(id, MediaKind::Image).await, Ok(()));
    assert!(client.delete(&format!("/api/v1/media/{id}")).await.status.is_success());
    assert!(matches!(ask(id).await, Err(MetaIdError::Gone(_))));
    assert_eq!(sendable(id, MediaKind::Image).await, Err(SendableError::Deleted));
    assert_eq!(
        sendable(app.clock.new_id(), MediaKind::Image).await,
        Err(SendableError::Unknown)
    );
    assert_eq!(number(&app, "SELECT COUNT(*) FROM media_uploads").await, 1);
    let (rival, _) = mainstay::tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    assert!(matches!(
        media::meta_id(&app.media, rival.id, channel(&app), received).await,
        Err(MetaIdError::Gone(_))
    ));
    let theirs = test.add_channel(rival.id, "300000000000002", WABA).await;
    assert!(matches!(
        media::meta_id(&app.media, test.tenant, theirs.id, received).await,
        Err(MetaIdError::NoChannel)
    ));
}
