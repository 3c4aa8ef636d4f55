use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};
use mainstay::meta::graph::{Error, MediaUpload};
use serde_json::json;

use super::{
    access, client,
    rude::{Manner, Rude},
    stub::Stub,
    token,
};

fn file(chunks: Vec<io::Result<Bytes>>, length: u64) -> MediaUpload {
    MediaUpload {
        file_name: "Größe \"1\".jpg".to_owned(),
        mime_type: "image/jpeg".to_owned(),
        length,
        body: stream::iter(chunks).boxed(),
    }
}

#[tokio::test]
async fn a_file_is_uploaded_as_a_stream_of_known_length() {
    let meta = Stub::start([(
        "POST /v25.0/106540352242922/media",
        200,
        json!({ "id": 1_013_859_600_285_441_i64 }),
    )])
    .await;
    let chunks = (0..100)
        .map(|n| Ok(Bytes::from(vec![b'a' + (n % 26) as u8; 1_000])))
        .collect();
    let id = client(&meta.url)
        .upload(access(&token()), file(chunks, 100_000))
        .await
        .unwrap();
    assert_eq!(id, "1013859600285441");
    let asked = meta.only();
    assert!(
        asked.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("multipart/form-data; boundary=")
    );
    assert_eq!(
        asked.headers["content-length"].to_str().unwrap(),
        asked.body.len().to_string()
    );
    let body = String::from_utf8_lossy(&asked.body);
    for part in [
        "name=\"messaging_product\"\r\n\r\nwhatsapp",
        "name=\"type\"\r\n\r\nimage/jpeg",
        "Content-Type: image/jpeg\r\n\r\naaaa",
    ] {
        assert!(body.contains(part), "{part}");
    }
    assert_eq!(asked.bearer(), "EAAG-of-a-channel");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_our_failure_and_not_metas() {
    let meta = Stub::start([("POST ", 200, json!({ "id": "1" }))]).await;
    let chunks = vec![
        Ok(Bytes::from_static(b"begin")),
        Err(io::Error::other("the disk is gone")),
    ];
    let failed = client(&meta.url).upload(access(&token()), file(chunks, 1_000)).await;
    assert!(
        matches!(&failed, Err(Error::Source(why)) if why == "the disk is gone"),
        "{failed:?}"
    );
    let mut odd = file(Vec::new(), 0);
    odd.mime_type = "not a type".to_owned();
    let failed = client(&meta.url).upload(access(&token()), odd).await;
    assert!(matches!(failed, Err(Error::Source(_))), "{failed:?}");
}

#[tokio::test]
async fn what_meta_knows_of_a_file_is_read_in_either_spelling() {
    for size in [json!(103_632), json!("103632")] {
        let answer = json!({ "url": "https://lookaside.fbsbx.com/1", "mime_type": "image/png", "sha256": "72fd", "file_size": size, "id": "5" });
        let meta = Stub::start([("GET /v25.0/5?phone_number_id=106540352242922", 200, answer)]).await;
        let info = client(&meta.url).media(access(&token()), "5").await.unwrap();
        assert_eq!((info.file_size, info.sha256.as_deref()), (Some(103_632), Some("72fd")));
    }
    let meta = Stub::start([("GET ", 200, json!({ "id": "5" }))]).await;
    let error = client(&meta.url).media(access(&token()), "5").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "an unreadable answer from Meta (HTTP 200): missing \"url\""
    );
}

#[tokio::test]
async fn a_download_is_streamed_to_its_end() {
    let meta = Stub::start([("GET /media/1?x=y", 200, json!("z".repeat(300_000)))]).await;
    let download = client(&meta.url)
        .download(access(&token()), &format!("{}/media/1?x=y", meta.url))
        .await
        .unwrap();
    assert_eq!(download.content_length, Some(300_000));
    let chunks: Vec<Bytes> = download.body.map(Result::unwrap).collect().await;
    assert_eq!(chunks.iter().map(Bytes::len).sum::<usize>(), 300_000);
    assert_eq!(meta.only().bearer(), "EAAG-of-a-channel");
    assert!(
        meta.only().headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("mainstay/")
    );
}

#[tokio::test]
async fn a_download_that_breaks_off_or_stands_still_ends_with_an_error() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 100\r\n\r\nhalf of".to_vec();
    let broken = Rude::start([Manner::Write(head.clone())]).await;
    let still = Rude::start([Manner::WriteAndHang(head)]).await;
    for meta in [broken, still] {
        let download = client(&meta.url)
            .download(access(&token()), &format!("{}/media/1", meta.url))
            .await
            .unwrap();
        assert_eq!(
            (download.content_type.as_deref(), download.content_length),
            (Some("image/png"), Some(100))
        );
        let chunks: Vec<Result<Bytes, Error>> = download.body.collect().await;
        assert!(matches!(chunks.last(), Some(Err(Error::NoAnswer(_)))), "{chunks:?}");
        assert_eq!(chunks.iter().filter(|chunk| chunk.is_err()).count(), 1);
    }
}

#[tokio::test]
async fn a_download_that_does_not_begin_says_why() {
    let hanging = Rude::start([Manner::Hang]).await;
    let failed = client(&hanging.url).download(access(&token()), &hanging.url).await;
    assert!(matches!(failed, Err(Error::NoAnswer(_))));
    let meta = Stub::start([
        ("GET /expired", 404, json!("not found")),
        (
            "GET /refused",
            401,
            json!({ "error": { "message": "no", "code": 190 } }),
        ),
        ("GET /moved", 302, json!("")),
        ("GET /html", 503, json!("<html>")),
    ])
    .await;
    let mut errors = Vec::new();
    for path in ["expired", "refused", "moved", "html"] {
        let failed = client(&meta.url)
            .download(access(&token()), &format!("{}/{path}", meta.url))
            .await;
        errors.push(failed.err().expect(path));
    }
    assert_eq!(errors[0], Error::Expired);
    assert!(matches!(&errors[1], Error::Refused(error) if error.code == 190));
    assert!(matches!(errors[2], Error::Unreadable { http_status: 302, .. }));
    assert!(matches!(errors[3], Error::Unreadable { http_status: 503, .. }));
}

#[tokio::test]
async fn a_foreign_host_is_never_asked() {
    let (meta, foreign) = (Stub::start([]).await, Stub::start([("GET ", 200, json!(""))]).await);
    let failed = client(&meta.url).download(access(&token()), &foreign.url).await;
    assert!(matches!(failed, Err(Error::ForeignHost(_))));
    assert!(foreign.asked().is_empty());
}
