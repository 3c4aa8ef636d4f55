//! Files both ways.

use std::time::Duration;

use axum::http::StatusCode;
use mainstay_sim::{Area, Fault, FaultRule, Shape};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{World, code, message, read};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

/// A form as a browser would send it, part by part: name, type, bytes.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, mime_type, bytes) in parts {
        body.extend_from_slice(b"--edge\r\nContent-Disposition: form-data; name=\"");
        body.extend_from_slice(name.as_bytes());
        if let Some(mime_type) = mime_type {
            body.extend_from_slice(format!("\"; filename=\"f\"\r\nContent-Type: {mime_type}").as_bytes());
        } else {
            body.push(b'"');
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    body
}

impl World {
    async fn upload_form(&self, parts: &[(&str, Option<&str>, &[u8])]) -> (StatusCode, Value) {
        let url = format!("{}/v25.0/{}/media", self.url, self.number());
        let request = self.client.post(url).bearer_auth("simulated-access-token");
        let request = request.header("content-type", "multipart/form-data; boundary=edge");
        read(request.body(form(parts)).send().await.unwrap()).await
    }

    async fn upload(&self, mime_type: &str, bytes: &[u8]) -> (StatusCode, Value) {
        let parts = [
            ("messaging_product", None, &b"whatsapp"[..]),
            ("type", None, mime_type.as_bytes()),
            ("file", Some(mime_type), bytes),
        ];
        self.upload_form(&parts).await
    }

    async fn uploaded(&self, mime_type: &str, bytes: &[u8]) -> String {
        let (status, answer) = self.upload(mime_type, bytes).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn download(&self, url: &str, token: Option<&str>) -> (StatusCode, Vec<u8>) {
        let request = self.client.get(url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap().to_vec())
    }
}

#[tokio::test]
async fn an_upload_is_looked_up_downloaded_with_the_token_and_deleted() {
    let world = World::new().await;
    let id = world.uploaded("image/png", PNG).await;
    let (status, info) = world.get(format_args!("{id}?phone_number_id={}", world.number())).await;
    assert_eq!(status, StatusCode::OK, "{info}");
    assert_eq!(
        (&info["id"], &info["mime_type"], &info["file_size"]),
        (&json!(id), &json!("image/png"), &json!(PNG.len()))
    );
    assert_eq!(info["sha256"], hex(PNG));
    let url = info["url"].as_str().unwrap();
    assert!(url.starts_with(&world.url), "{url}");
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await,
        (StatusCode::OK, PNG.to_vec())
    );
    assert_eq!(world.download(url, None).await.0, StatusCode::UNAUTHORIZED);
    // Tampered with.
    let later = url.replace("&ext=", "&ext=9");
    assert_eq!(
        world.download(&later, Some("simulated-access-token")).await.0,
        StatusCode::NOT_FOUND
    );

    assert_eq!(
        world.call(Method::DELETE, &id, None).await,
        (StatusCode::OK, json!({"success": true}))
    );
    assert_eq!(world.get(&id).await.1["error"]["error_subcode"], 33);
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_address_is_good_for_five_minutes_and_an_upload_for_thirty_days() {
    let world = World::new().await;
    let id = world.uploaded("image/png", PNG).await;
    let (_, info) = world.get(&id).await;
    let url = info["url"].as_str().unwrap();
    world.simulator.advance(Duration::from_secs(295));
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await.0,
        StatusCode::OK
    );
    world.simulator.advance(Duration::from_secs(6));
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await.0,
        StatusCode::NOT_FOUND
    );
    let (_, info) = world.get(&id).await;
    assert_eq!(
        world
            .download(info["url"].as_str().unwrap(), Some("simulated-access-token"))
            .await
            .0,
        StatusCode::OK
    );
    world.simulator.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(code(&world.get(&id).await.1), 100);
}

#[tokio::test]
async fn what_customers_send_can_be_downloaded_for_a_week_and_is_what_the_webhook_said() {
    use base64_of as base64;
    let world = World::new().await;
    let mut addresses = 0;
    for (shape, kind) in [
        (Shape::Image, "image"),
        (Shape::VoiceNote, "audio"),
        (Shape::Video, "video"),
        (Shape::Document, "document"),
        (Shape::Sticker, "sticker"),
        (Shape::AnimatedSticker, "sticker"),
    ] {
        let webhook = world.simulator.write(0, shape, None).unwrap();
        let file = webhook.files[0].clone();
        world.simulator.deliver(webhook).await;
        let told = world.told("messages").pop().unwrap();
        let named = &told[kind];
        assert_eq!(named["id"], file.id);
        let (status, info) = world.get(&file.id).await;
        assert_eq!(status, StatusCode::OK, "{info}");
        assert_eq!(info["mime_type"], named["mime_type"]);
        let (status, bytes) = world
            .download(info["url"].as_str().unwrap(), Some("simulated-access-token"))
            .await;
        assert_eq!((status, bytes.len() as u64), (StatusCode::OK, file.size));
        assert_eq!(named["sha256"], base64(&Sha256::digest(&bytes)));
        assert_eq!(info["sha256"], hex(&bytes));
        // Half of the webhooks carry an address already; it leads to the same.
        if let Some(url) = named["url"].as_str() {
            addresses += 1;
            assert_eq!(
                world.download(url, Some("simulated-access-token")).await,
                (StatusCode::OK, bytes)
            );
        }
    }
    assert!(addresses > 0, "no webhook carried an address");
    let id = world.told("messages")[0]["image"]["id"].as_str().unwrap().to_owned();
    world.simulator.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(code(&world.get(&id).await.1), 100);
}

#[tokio::test]
async fn uploads_keep_to_metas_types_and_sizes() {
    let world = World::new().await;
    let jpeg = [&b"\xff\xd8\xff"[..], &vec![0; 5 * 1_024 * 1_024]].concat();
    let mut still = b"RIFF0000WEBPVP8L".to_vec();
    still.resize(101 * 1_024, 0);
    let mut animated = b"RIFF0000WEBPVP8X\x0a\0\0\0\x02".to_vec();
    animated.resize(400 * 1_024, 0);
    for (mime_type, bytes, expected) in [
        ("image/jpeg", &jpeg[..], 131053),
        ("image/jpeg", PNG, 131053),
        ("image/gif", &b"GIF89a"[..], 100),
        ("image/webp", &still, 131053),
        ("image/webp", &animated, 0),
        ("image/jpeg", &jpeg[..jpeg.len() - 3], 0),
        ("audio/ogg; codecs=opus", b"OggS and so on", 0),
        ("application/vnd.ms-excel", b"anything", 0),
        ("text/plain", b"words", 0),
    ] {
        let (status, answer) = world.upload(mime_type, bytes).await;
        match expected {
            0 => assert_eq!(status, StatusCode::OK, "{mime_type}: {answer}"),
            expected => assert_eq!(code(&answer), expected, "{mime_type}: {answer}"),
        }
    }
    for missing in 0..3 {
        let mut parts = vec![
            ("messaging_product", None, &b"whatsapp"[..]),
            ("type", None, &b"image/png"[..]),
            ("file", None, PNG),
        ];
        parts.remove(missing);
        assert_eq!(code(&world.upload_form(&parts).await.1), 100);
    }
}

#[tokio::test]
async fn a_message_needs_a_file_that_exists_and_fails_later_with_one_of_the_wrong_sort() {
    let world = World::new().await;
    world.write(0).await;
    let to = world.customer(0).wa_id;
    let addressed = |kind: &str, id: &str| {
        let mut body = message(kind, json!({"id": id}));
        body["to"] = json!(to);
        body
    };
    assert_eq!(world.refused(&addressed("image", "404")).await, 131009);
    let id = world.uploaded("image/png", PNG).await;
    world.accepted(&addressed("image", &id)).await;
    world.accepted(&addressed("document", &id)).await;
    assert!(world.statuses().await.iter().all(|status| status["status"] != "failed"));
    let wamid = world.accepted(&addressed("video", &id)).await;
    let failed = world.statuses().await.pop().unwrap();
    assert_eq!(
        (&failed["id"], &failed["errors"][0]["code"]),
        (&json!(wamid), &json!(131053))
    );
}

#[tokio::test]
async fn samples_for_templates_are_uploaded_in_parts() {
    let world = World::new().await;
    let (status, session) = world
        .call(
            Method::POST,
            "634974688087057/uploads?file_name=a&file_length=4&file_type=image/png",
            None,
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let url = format!("{}/v25.0/{}", world.url, session["id"].as_str().unwrap());
    let request = world
        .client
        .post(&url)
        .header("authorization", "OAuth simulated-access-token")
        .header("file_offset", "0");
    let (status, handle) = read(request.body("abcd").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{handle}");
    assert!(handle["h"].as_str().unwrap().starts_with("4::"));
}

#[tokio::test]
async fn faults_strike_files_too() {
    let world = World::new().await;
    let id = world.uploaded("image/png", PNG).await;
    let (_, info) = world.get(&id).await;
    let url = info["url"].as_str().unwrap();
    let graph = world.simulator.graph();
    graph.inject(FaultRule {
        on: Area::MediaDownload,
        ..FaultRule::new(Fault::Http {
            status: 503,
            accepted: false,
        })
        .times(1)
    });
    graph.inject(FaultRule {
        on: Area::MediaUpload,
        ..FaultRule::new(Fault::error(131000)).times(1)
    });
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        world.download(url, Some("simulated-access-token")).await.0,
        StatusCode::OK
    );
    assert_eq!(code(&world.upload("image/png", PNG).await.1), 131000);
    world.uploaded("image/png", PNG).await;
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Standard base64 of a digest, the plain way.
fn base64_of(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut text: String = bits
        .as_bytes()
        .chunks(6)
        .map(|chunk| {
            let chunk = format!("{:0<6}", std::str::from_utf8(chunk).unwrap());
            char::from(ALPHABET[usize::from_str_radix(&chunk, 2).unwrap()])
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
