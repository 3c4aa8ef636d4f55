use mainstay::tenancy;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{
    meta::Meta,
    stage::{PIXEL, calling, channel, file_message, media_of, number, pdf, upload, work},
};
use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn a_message_with_a_file_that_cannot_be_sent_is_not_taken(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let (rival, key) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let png = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let deleted = upload(&client, "application/pdf", "a.pdf", &pdf(1_000)).await;
    assert_eq!(
        client.delete(&format!("/api/v1/media/{deleted}")).await.status.as_u16(),
        204
    );
    let theirs = upload(&client.with(key.token.expose()), "image/png", "pixel.png", PIXEL).await;
    let mut video = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    video.resize(17 * 1024 * 1024, 7);
    meta.hold("1", "video/mp4", &video);
    test.receive(&file_message("wamid.1", "video", json!({ "id": "1" })))
        .await;
    work(&app).await;
    let long = media_of(&app, "wamid.1").await;
    test.receive(&file_message("wamid.2", "image", json!({ "id": "unknown to Meta" })))
        .await;
    let pending = media_of(&app, "wamid.2").await;
    let unknown: mainstay::domain::MediaId = app.clock.new_id();
    let file = |id| json!({ "media_id": id });
    let button = |header: Value| {
        json!({ "type": "button", "header": header, "body": { "text": "?" },
        "action": { "buttons": [{ "type": "reply", "reply": { "id": "1", "title": "Yes" } }] } })
    };
    let template = |parameter: Value| {
        json!({ "name": "offer", "language": { "code": "en" }, "components": [
        { "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] }, { "type": "header", "parameters": [parameter] }] })
    };
    let place = "template.components[1].parameters[0].document.media_id";
    let cases = [
        (
            "image",
            file(unknown),
            "image.media_id",
            "there is no such media",
            Value::Null,
        ),
        (
            "image",
            file(theirs),
            "image.media_id",
            "there is no such media",
            Value::Null,
        ),
        (
            "document",
            file(deleted),
            "document.media_id",
            "it was deleted",
            Value::Null,
        ),
        (
            "video",
            file(png),
            "video.media_id",
            "video/mp4, video/3gpp",
            Value::Null,
        ),
        (
            "video",
            file(long),
            "video.media_id",
            "16777216 bytes",
            json!(16 * 1024 * 1024),
        ),
        (
            "image",
            json!({ "media_id": "msg_1" }),
            "image.media_id",
            "med_",
            Value::Null,
        ),
        (
            "interactive",
            button(json!({ "type": "image", "image": file(unknown) })),
            "interactive.header.image.media_id",
            "no such",
            Value::Null,
        ),
        (
            "template",
            template(json!({ "type": "document", "document": file(deleted) })),
            place,
            "deleted",
            Value::Null,
        ),
    ];
    let message = |kind: &str, payload: &Value| json!({ "channel_id": channel(&app), "to": { "phone": "+5491123456789" }, "type": kind, kind: payload, "if_window_closed": "queue" });
    for (kind, payload, field, words, limit) in &cases {
        let answer = client.post("/api/v1/messages", message(kind, payload)).await;
        assert_eq!(answer.problem(422), "invalid-field", "{}", answer.text());
        let problem = answer.json();
        assert_eq!(
            (&problem["field"], &problem["limit"]),
            (&json!(field), limit),
            "{problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(field) && detail.contains(words), "{words}: {detail}");
    }
    let batch = json!({ "messages": [message("image", &file(unknown)), message("image", &file(png))] });
    let results = client.post("/api/v1/messages/batch", batch).await.ok().json();
    assert_eq!(results["results"][0]["problem"]["field"], "image.media_id");
    assert!(results["results"][1]["message"]["id"].is_string(), "{results:#}");
    for payload in [file(png), file(pending)] {
        let answer = client.post("/api/v1/messages", message("image", &payload)).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    }
    let answer = client.post("/api/v1/messages", message("document", &file(long))).await;
    assert_eq!(
        answer.status.as_u16(),
        202,
        "a long video goes as a document: {}",
        answer.text()
    );
    assert_eq!(number(&app, "SELECT COUNT(*) FROM sends").await, 4);
    assert_eq!(rival.name, "Rival");
}

#[both_databases]
async fn a_request_that_was_answered_is_answered_the_same_when_its_file_is_gone(test: TestApp) {
    let client = Client::tenant(&test);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let request = json!({ "channel_id": channel(&test.app), "to": { "phone": "+5491123456789" }, "type": "image",
        "image": { "media_id": id }, "if_window_closed": "queue" });
    let first = client.post_keyed("/api/v1/messages", "k-1", &request).await;
    assert_eq!(first.status.as_u16(), 202, "{}", first.text());
    assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    let again = client.post_keyed("/api/v1/messages", "k-1", &request).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    for _ in 0..2 {
        assert_eq!(
            client
                .post_keyed("/api/v1/messages", "k-2", &request)
                .await
                .problem(422),
            "invalid-field"
        );
    }
    assert_eq!(number(&test.app, "SELECT COUNT(*) FROM sends").await, 1);
}
