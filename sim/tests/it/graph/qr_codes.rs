//! QR codes of a number.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::json;

use super::{World, code};

#[tokio::test]
async fn a_qr_code_is_made_shown_changed_and_deleted() {
    let world = World::new().await;
    let path = format!("{}/message_qrdls", world.number());
    let (status, made) = world
        .post(
            &path,
            &json!({"prefilled_message": "Hello lamps", "generate_qr_image": "SVG"}),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let id = made["code"].as_str().unwrap();
    assert_eq!(
        (id.len(), &made["deep_link_url"]),
        (14, &json!(format!("https://wa.me/message/{id}")))
    );
    assert!(made["qr_image_url"].as_str().unwrap().ends_with("svg"));

    let (_, changed) = world
        .post(&path, &json!({"prefilled_message": "Hello shop", "code": id}))
        .await;
    assert_eq!(
        changed,
        json!({"code": id, "prefilled_message": "Hello shop", "deep_link_url": made["deep_link_url"]})
    );
    assert_eq!(world.get(&path).await.1["data"], json!([changed]));
    let one = format!("{path}/{id}");
    let (_, with_image) = world
        .get(format_args!("{one}?fields=code,qr_image_url.format(PNG)"))
        .await;
    assert!(with_image["data"][0]["qr_image_url"].as_str().unwrap().ends_with("png"));
    assert_eq!(world.call(Method::DELETE, &one, None).await.0, StatusCode::OK);
    assert_eq!(world.get(&one).await.1["data"], json!([]));
    assert_eq!(code(&world.call(Method::DELETE, &one, None).await.1), 100);
}

#[tokio::test]
async fn a_qr_code_needs_a_message_of_at_most_140_characters() {
    let world = World::new().await;
    let path = format!("{}/message_qrdls", world.number());
    let (_, answer) = world.post(&path, &json!({"prefilled_message": "é".repeat(140)})).await;
    assert!(answer["code"].is_string(), "{answer}");
    for body in [
        json!({}),
        json!({"prefilled_message": "x".repeat(141)}),
        json!({"prefilled_message": "x", "generate_qr_image": "GIF"}),
        json!({"prefilled_message": "x", "code": "NOTHING"}),
    ] {
        assert_eq!(code(&world.post(&path, &body).await.1), 100, "{body}");
    }
}
