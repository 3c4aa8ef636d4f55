//! Names of files that deceive.

use mainstay_test_macros::both_databases;
use serde_json::json;

use crate::{
    media::stage::{PIXEL, bytes, show, upload},
    support::{app::TestApp, http::Client},
};

#[both_databases]
async fn a_file_is_kept_and_served_under_a_name_that_does_not_deceive(test: TestApp) {
    let client = Client::tenant(&test);
    for (name, kept) in [
        ("holiday\u{202e}gnp.exe", json!("holidaygnp.exe.png")),
        ("..", json!(null)),
        ("\u{2066}...\u{2069}", json!(null)),
        ("../../.ssh/authorized_keys", json!("authorized_keys")),
        ("page.html", json!("page.html.png")),
        ("Photo.PNG. ", json!("Photo.PNG")),
    ] {
        let id = upload(&client, "image/png", name, PIXEL).await;
        assert_eq!(show(&client, id).await["filename"], kept, "{name:?}");
        let served = bytes(&client, id).await.ok();
        let how = served.header("content-disposition").unwrap();
        match kept.as_str() {
            Some(kept) => assert!(how.contains(&format!("filename=\"{kept}\"")), "{how}"),
            None => assert_eq!(how, "inline", "{name:?}"),
        }
    }
    // As a process before this one kept them.
    let id = upload(&client, "image/png", "x.png", PIXEL).await;
    test.app
        .db
        .sql("UPDATE media SET filename = $1", ("a\u{202e}b.exe".to_owned(),))
        .run()
        .await
        .unwrap();
    let served = bytes(&client, id).await.ok();
    assert!(
        served
            .header("content-disposition")
            .unwrap()
            .contains("filename=\"ab.exe.png\"")
    );
}

#[both_databases]
async fn a_name_that_a_customer_would_be_shown_and_deceived_by_is_refused(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let document = |name: &str| json!({ "link": "https://example.com/a.pdf", "filename": name });
    let header = |name: &str| {
        json!({ "name": "a", "language": { "code": "de" }, "components": [
        { "type": "header", "parameters": [{ "type": "document", "document": document(name) }] }] })
    };
    for (name, status) in [
        ("Rechnung Nr. 12", 202),
        ("a\u{202e}fdp.exe", 422),
        ("...", 422),
        ("a\nb.pdf", 422),
        ("فاتورة.pdf", 202),
    ] {
        for (kind, payload, field) in [
            ("document", document(name), "document.filename"),
            (
                "template",
                header(name),
                "template.components[0].parameters[0].document.filename",
            ),
        ] {
            let message = json!({ "channel_id": channel, "to": { "phone": "+4915123456789" }, "type": kind, kind: payload, "if_window_closed": "queue" });
            let answer = client.post("/api/v1/messages", message).await;
            assert_eq!(answer.status.as_u16(), status, "{kind} {name:?}: {}", answer.text());
            if status == 422 {
                assert_eq!(answer.json()["field"], field, "{}", answer.text());
            }
        }
    }
}
