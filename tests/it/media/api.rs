use axum::{Router, body::Body, http::Request, response::Redirect, routing::get};
use mainstay::{
    domain::{Ctx, Scope},
    tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{
    meta::Meta,
    stage::{PIXEL, bytes, calling, number, pdf, show, stored, upload, work},
};
use crate::support::{
    app::TestApp,
    http::{Answer, Client},
};

const BOUNDARY: &str = "a-line-that-is-in-no-file";

/// A form of fields: name, what else is said of it, bytes.
fn form_of(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, more, bytes) in fields {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn post_form(client: &Client, key: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/api/v1/media")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    client.send(request.body(body.into()).unwrap()).await
}

/// Somebody's web server.
async fn elsewhere() -> String {
    let router = Router::new()
        .route(
            "/files/invoice%201.pdf",
            get(|| async { ([("content-type", "application/pdf")], pdf(5_000)) }),
        )
        .route(
            "/moved",
            get(|| async { Redirect::temporary("/files/invoice%201.pdf") }),
        )
        .route("/gone", get(|| async { http::StatusCode::GONE }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[both_databases]
async fn a_form_is_stored_as_it_comes(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let file = pdf(7_000_000);
    let form = form_of(&[
        ("type", "", b"document"),
        ("file", "; filename=\"r\u{e9}sum\u{e9}.pdf\"", &file),
    ]);
    // In pieces, as a network delivers it.
    let pieces: Vec<_> = form
        .chunks(64_000)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    let answer = post_form(&client, &test.key, Body::from_stream(futures::stream::iter(pieces))).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    let made = answer.json();
    for (member, expected) in [
        ("status", json!("ready")),
        ("origin", json!("api")),
        ("type", json!("document")),
        ("mime_type", json!("application/pdf")),
        ("filename", json!("résumé.pdf")),
        ("size", json!(7_000_000)),
        ("message_id", json!(null)),
    ] {
        assert_eq!(made[member], expected, "{member} in {made}");
    }
    let read = bytes(&client, made["id"].as_str().unwrap().parse().unwrap()).await.ok();
    assert_eq!(read.body, file);
    assert!(
        read.header("content-disposition")
            .unwrap()
            .contains("filename*=UTF-8''r%C3%A9sum%C3%A9%2Epdf")
    );
}

#[both_databases]
async fn a_document_may_be_as_long_as_meta_takes_it_and_no_longer(test: TestApp) {
    const LARGEST: usize = 100 * 1024 * 1024;
    let client = Client::tenant(&test);
    let form = |length: usize| {
        let [begin, end] = {
            let form = form_of(&[(
                "file",
                "; filename=\"a.pdf\"\r\nContent-Type: application/pdf",
                b"%PDF-1.7\n",
            )]);
            let at = form.len() - BOUNDARY.len() - 8;
            [form[..at].to_vec(), form[at..].to_vec()]
        };
        let rest = length - b"%PDF-1.7\n".len();
        let zeros = bytes::Bytes::from(vec![0; 1_000_000]);
        let middle = (0..rest)
            .step_by(zeros.len())
            .map(move |from| zeros.slice(..zeros.len().min(rest - from)));
        let pieces = std::iter::once(begin.into())
            .chain(middle)
            .chain(std::iter::once(end.into()));
        Body::from_stream(futures::stream::iter(pieces.map(Ok::<_, std::io::Error>)))
    };
    assert_eq!(
        post_form(&client, &test.key, form(LARGEST + 1)).await.problem(413),
        "media-too-large"
    );
    assert_eq!(stored(&test.app).len(), 0);
    let answer = post_form(&client, &test.key, form(LARGEST)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["size"]),
        (201, &json!(LARGEST)),
        "{}",
        answer.text()
    );
}

#[both_databases]
async fn an_address_is_fetched_through_the_guard(test: TestApp) {
    let meta = Meta::start().await;
    let app = calling(&test, &meta);
    let client = Client::of(&app).with(&test.key);
    let host = elsewhere().await;
    let answer = client
        .post(
            "/api/v1/media/import",
            json!({ "url": format!("{host}/files/invoice%201.pdf") }),
        )
        .await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    assert_eq!(answer.json()["filename"], "invoice 1.pdf");
    for (url, status, problem) in [
        (format!("{host}/moved"), 422, "url-failed"),
        (format!("{host}/gone"), 422, "url-failed"),
        ("http://127.0.0.1:9/".to_owned(), 422, "url-failed"),
        ("https://10.0.0.1/secret.pdf".to_owned(), 422, "url-refused"),
        (
            "https://169.254.169.254/latest/meta-data/".to_owned(),
            422,
            "url-refused",
        ),
        ("file:///etc/passwd".to_owned(), 422, "url-refused"),
        ("https://user:password@example.com/".to_owned(), 422, "url-refused"),
    ] {
        assert_eq!(
            client
                .post("/api/v1/media/import", json!({ "url": url }))
                .await
                .problem(status),
            problem,
            "{url}"
        );
    }
    // As it runs unless told otherwise, nothing on this machine is visited.
    let strict = Client::tenant(&test);
    assert_eq!(
        strict
            .post("/api/v1/media/import", json!({ "url": format!("{host}/files/a.pdf") }))
            .await
            .problem(422),
        "url-refused"
    );
    assert_eq!(
        strict
            .post("/api/v1/media/import", json!({ "url": host.replace("http", "https") }))
            .await
            .problem(422),
        "url-refused"
    );
    assert_eq!(stored(&app).len(), 1);
}

#[both_databases]
async fn an_office_document_is_known_by_its_entries_whatever_it_was_declared_as(test: TestApp) {
    let client = Client::tenant(&test);
    for (part, ending) in [
        ("word/document.xml", "wordprocessingml.document"),
        ("ppt/presentation.xml", "presentationml.presentation"),
    ] {
        let bytes = archive(&["[Content_Types].xml", "_rels/.rels", part]);
        for declared in [None, Some("application/octet-stream"), Some("application/zip")] {
            let head = declared.map_or(String::new(), |it| format!("\r\nContent-Type: {it}"));
            let form = form_of(&[("file", &format!("; filename=\"offer\"{head}"), &bytes)]);
            let answer = post_form(&client, &test.key, form).await;
            assert_eq!(answer.status.as_u16(), 201, "{part} as {declared:?}: {}", answer.text());
            let shown = answer.json()["mime_type"].as_str().unwrap().to_owned();
            assert_eq!(
                shown,
                format!("application/vnd.openxmlformats-officedocument.{ending}"),
                "{declared:?}"
            );
        }
    }
    let form = form_of(&[("file", "; filename=\"a.zip\"", &archive(&["a.txt", "word/b.txt"]))]);
    assert_eq!(
        post_form(&client, &test.key, form).await.problem(415),
        "media-type",
        "a plain archive is none"
    );
}

#[both_databases]
async fn what_meta_would_not_take_is_refused_with_the_limit(test: TestApp) {
    let client = Client::tenant(&test);
    let sticker = |length: usize| {
        let mut webp = b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0".to_vec();
        webp.resize(length, 0);
        webp
    };
    let file = "; filename=\"f\"";
    for (fields, status, problem, words) in [
        (
            vec![("file", file, sticker(100 * 1024 + 1))],
            413,
            "media-too-large",
            "102400 bytes",
        ),
        (
            vec![("type", "", b"image".to_vec()), ("file", file, sticker(10))],
            415,
            "media-type",
            "image/jpeg, image/png",
        ),
        (
            vec![("type", "", b"image".to_vec()), ("file", file, pdf(6_000_000))],
            415,
            "media-type",
            "application/pdf",
        ),
        (
            vec![
                ("mime_type", "", b"image/jpeg".to_vec()),
                ("file", file, b"no picture".to_vec()),
            ],
            415,
            "media-type",
            "image/jpeg",
        ),
        (
            vec![("file", file, b"<html></html>".to_vec())],
            415,
            "media-type",
            "text/html",
        ),
        (vec![("file", file, Vec::new())], 400, "invalid-request", "empty"),
        (vec![("type", "", b"image".to_vec())], 400, "invalid-request", "`file`"),
        (
            vec![("type", "", b"hologram".to_vec())],
            400,
            "invalid-request",
            "sticker",
        ),
        (
            vec![("colour", "", b"red".to_vec())],
            400,
            "invalid-request",
            "`mime_type`",
        ),
        (
            vec![("filename", "", vec![b'a'; 2_000])],
            400,
            "invalid-request",
            "1024",
        ),
        (
            vec![("file", file, pdf(100)), ("type", "", b"image".to_vec())],
            400,
            "invalid-request",
            "last",
        ),
    ] {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, more, bytes)| (*name, *more, &bytes[..]))
            .collect();
        let answer = post_form(&client, &test.key, form_of(&fields)).await;
        assert_eq!(answer.problem(status), problem, "{}", answer.text());
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{words}: {detail}");
    }
    let form = form_of(&[("file", file, &pdf(1_000))]);
    assert_eq!(
        post_form(&client, &test.key, form[..form.len() - 40].to_vec())
            .await
            .problem(400),
        "incomplete"
    );
    for body in [
        json!({}),
        json!({ "url": "https://example.com/a", "base64": "aGk=" }),
        json!({ "base64": "!" }),
        json!({ "base64": "aGk=", "type": "hologram" }),
    ] {
        let refused = client.post("/api/v1/media/import", body.clone()).await;
        assert_eq!(refused.problem(400), "invalid-request", "{body}");
        assert!(
            !refused.json()["detail"].as_str().unwrap().ends_with(".."),
            "{}",
            refused.text()
        );
    }
    for (body, field) in [
        (json!({ "base64": 5 }), "base64"),
        (json!({ "base64": "aGk=", "colour": "red" }), "colour"),
    ] {
        let refused = client.post("/api/v1/media/import", body.clone()).await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json()["field"]),
            ("invalid-field", &json!(field)),
            "{body}"
        );
    }
    let long = json!({ "base64": "A".repeat(24 * 1024 * 1024) });
    assert_eq!(
        client.post("/api/v1/media/import", long).await.problem(413),
        "too-large"
    );
    assert_eq!(
        (
            stored(&test.app).len(),
            number(&test.app, "SELECT COUNT(*) FROM media WHERE deleted_at IS NULL").await
        ),
        (0, 0)
    );
    assert_eq!(
        number(&test.app, "SELECT COUNT(*) FROM storage_removals").await,
        0,
        "nothing refused waits to be removed"
    );
}

#[both_databases]
async fn who_may_not_is_refused(test: TestApp) {
    let reading = tenancy::create_api_key(
        &test.registry,
        &Ctx::operator(test.tenant),
        "reading",
        &"read".parse().unwrap(),
    )
    .await
    .unwrap();
    let writing = tenancy::create_api_key(
        &test.registry,
        &Ctx::operator(test.tenant),
        "writing",
        &"write".parse().unwrap(),
    )
    .await
    .unwrap();
    let (_, rival) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let client = Client::tenant(&test);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let (reader, writer, rival) = (
        client.with(reading.token.expose()),
        client.with(writing.token.expose()),
        client.with(rival.token.expose()),
    );
    let uri = format!("/api/v1/media/{id}");
    let content = format!("{uri}/content");
    assert_eq!(
        reader
            .post("/api/v1/media/import", json!({ "base64": "aGk=" }))
            .await
            .problem(403),
        "missing-permission"
    );
    assert_eq!(reader.delete(&uri).await.problem(403), "missing-permission");
    assert_eq!(writer.get(&uri).await.problem(403), "missing-permission");
    assert_eq!(writer.get(&content).await.problem(403), "missing-permission");
    reader.get(&content).await.ok();
    for uri in [&uri, &content] {
        assert_eq!(rival.get(uri).await.problem(404), "not-found");
        assert_eq!(Client::of(&test.app).get(uri).await.problem(401), "unauthorized");
    }
    assert_eq!(rival.delete(&uri).await.problem(404), "not-found");
    assert_eq!(Scope::ALL.len(), 3, "a new scope wants a look at the above");
}

#[both_databases]
async fn the_same_upload_twice_is_two_media_and_one_file(test: TestApp) {
    let client = Client::tenant(&test);
    let first = upload(&client, "image/png", "one.png", PIXEL).await;
    let second = upload(&client, "image/png", "two.png", PIXEL).await;
    work(&test.app).await;
    assert_ne!(first, second);
    for (id, name) in [(first, "one.png"), (second, "two.png")] {
        let shown = show(&client, id).await;
        assert_eq!(
            (&shown["filename"], &shown["variants"]["medium"]["width"]),
            (&json!(name), &json!(1))
        );
    }
    mainstay::housekeeping::reconcile(&test.app).await.unwrap();
    assert_eq!(number(&test.app, "SELECT COUNT(*) FROM media_files").await, 1);
    assert_eq!(stored(&test.app).len(), 3, "the file and its two variants");
    let none: Value = client.get("/api/v1/events?after=0&type=media.ready").await.ok().json();
    assert_eq!(none["data"], json!([]), "whoever uploads knows");
    let (_, rival) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    upload(&client.with(rival.token.expose()), "image/png", "pixel.png", PIXEL).await;
    assert_eq!(
        number(&test.app, "SELECT COUNT(*) FROM media_files").await,
        2,
        "tenants share no file"
    );
}

/// The beginning of a zip archive: entries of one byte, stored as they are.
fn archive(names: &[&str]) -> Vec<u8> {
    let entry = |name: &&str| {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0".to_vec();
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes.push(b'x');
        bytes
    };
    names.iter().flat_map(entry).collect()
}
