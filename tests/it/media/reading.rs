use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::stage::{PIXEL, bytes, pdf, show, stored, upload, work};
use crate::support::{
    app::TestApp,
    http::{Answer, Client},
};

async fn get(client: &Client, uri: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(Request::get(uri), |request, (name, value)| {
        request.header(*name, *value)
    });
    client.send(request.body(Body::empty()).unwrap()).await
}

#[both_databases]
async fn a_link_opens_what_it_names_without_a_key_until_it_ends(test: TestApp) {
    let client = Client::tenant(&test);
    let id = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let other = upload(&client, "application/pdf", "a.pdf", &pdf(1_000)).await;
    work(&test.app).await;
    let shown = client
        .get(&format!("/api/v1/media/{id}?expires_in=60"))
        .await
        .ok()
        .json();
    let (link, thumbnail) = (
        shown["url"].as_str().unwrap(),
        shown["variants"]["thumbnail"]["url"].as_str().unwrap(),
    );
    let nobody = Client::of(&test.app);
    assert_eq!(nobody.get(link).await.ok().body, PIXEL);
    let small = nobody.get(thumbnail).await.ok();
    assert_eq!(small.header("content-type"), Some("image/png"));
    // A link for a variant opens no more than that, whatever else the address says.
    let all = thumbnail.replace("?token=", "?variant=medium&token=");
    assert_eq!(nobody.get(&all).await.ok().header("etag"), small.header("etag"));
    let elsewhere = link.replace(&id.to_string(), &other.to_string());
    for bad in [
        elsewhere,
        link[..link.len() - 2].to_owned(),
        format!("/api/v1/media/{id}/content?token="),
    ] {
        assert_eq!(nobody.get(&bad).await.problem(403), "link-invalid", "{bad}");
    }
    test.advance(TimeDelta::seconds(61));
    assert_eq!(nobody.get(link).await.problem(403), "link-expired");
    for seconds in ["0", "-5", "604801", "soon"] {
        client
            .get(&format!("/api/v1/media/{id}?expires_in={seconds}"))
            .await
            .problem(400);
    }
}

#[both_databases]
async fn links_begin_with_the_address_outside_where_that_is_known(test: TestApp) {
    let app = test.configured(|config| config.public_url = Some("https://mainstay.example".to_owned()));
    let client = Client::of(&app).with(&test.key);
    let id = upload(&client, "application/pdf", "a.pdf", &pdf(1_000)).await;
    let url = show(&client, id).await["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with(&format!("https://mainstay.example/api/v1/media/{id}/content?token=")),
        "{url}"
    );
}

#[both_databases]
async fn a_player_may_ask_for_parts(test: TestApp) {
    let client = Client::tenant(&test);
    let file = pdf(6_000_000);
    let id = upload(&client, "application/pdf", "a.pdf", &file).await;
    let link = show(&client, id).await["url"].as_str().unwrap().to_owned();
    let client = Client::of(&test.app);
    let whole = get(&client, &link, &[]).await.ok();
    assert_eq!(
        (whole.header("accept-ranges"), whole.header("content-length")),
        (Some("bytes"), Some("6000000"))
    );
    let etag = whole.header("etag").unwrap().to_owned();
    for (range, from, to) in [
        ("bytes=0-99", 0, 100),
        ("bytes=5999990-", 5_999_990, 6_000_000),
        ("bytes=-5", 5_999_995, 6_000_000),
        ("bytes=5242870-5242890", 5_242_870, 5_242_891),
    ] {
        let part = get(&client, &link, &[("range", range), ("if-range", &etag)]).await;
        assert_eq!(
            (part.status.as_u16(), &part.body[..]),
            (206, &file[from..to]),
            "{range}"
        );
        assert_eq!(
            part.header("content-range"),
            Some(format!("bytes {from}-{}/6000000", to - 1).as_str())
        );
        assert_eq!(part.header("content-length"), Some((to - from).to_string().as_str()));
    }
    assert_eq!(
        get(&client, &link, &[("range", "bytes=0-9"), ("if-range", "\"another\"")])
            .await
            .ok()
            .body
            .len(),
        6_000_000
    );
    let beyond = get(&client, &link, &[("range", "bytes=6000000-")]).await;
    assert_eq!(
        (beyond.problem(416).as_str(), beyond.header("content-range")),
        ("no-such-range", Some("bytes */6000000"))
    );
    let known = get(&client, &link, &[("if-none-match", &etag)]).await;
    assert_eq!(
        (known.status.as_u16(), known.body.len(), known.header("etag")),
        (304, 0, Some(etag.as_str()))
    );
    let head = Request::head(&link).body(Body::empty()).unwrap();
    let head = client.send(head).await;
    assert_eq!(
        (head.status.as_u16(), head.body.len(), head.header("content-length")),
        (200, 0, Some("6000000"))
    );
}

#[both_databases]
async fn what_a_stranger_sent_cannot_act_in_a_browser(test: TestApp) {
    let client = Client::tenant(&test);
    let pixel = upload(&client, "image/png", "pixel.png", PIXEL).await;
    let words = upload(&client, "text/plain", "a\"b\r\n.txt", b"<script>alert(1)</script>").await;
    for (id, how) in [(pixel, "inline"), (words, "attachment")] {
        let read = bytes(&client, id).await.ok();
        assert!(read.header("content-disposition").unwrap().starts_with(how));
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            read.header("content-security-policy"),
            Some("default-src 'none'; sandbox")
        );
        assert_eq!(read.header("cache-control"), Some("private, max-age=3600, immutable"));
    }
    assert_eq!(show(&client, words).await["filename"], json!("a\"b.txt"));
}

#[both_databases]
async fn bytes_that_are_gone_from_the_store_are_a_failure_and_not_an_empty_file(test: TestApp) {
    let client = Client::tenant(&test);
    let id = upload(&client, "application/pdf", "a.pdf", &pdf(1_000)).await;
    for file in stored(&test.app) {
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(bytes(&client, id).await.problem(500), "internal");
}
