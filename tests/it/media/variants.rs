use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use mainstay::housekeeping;
use mainstay_test_macros::both_databases;
use serde_json::json;
use std::io::Cursor;

use super::stage::{bytes, number, show, stored, upload, work};
use crate::support::{app::TestApp, http::Client};

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Red on the left, blue on the right.
fn flag(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    })
    .into()
}

#[both_databases]
async fn images_of_every_kind_get_smaller_ones_in_proportion(test: TestApp) {
    let client = Client::tenant(&test);
    let clear: DynamicImage = RgbaImage::from_pixel(900, 300, Rgba([0, 255, 0, 128])).into();
    for (picture, format, mime_type, variant, small, middle) in [
        (
            flag(1_200, 800),
            ImageFormat::Jpeg,
            "image/jpeg",
            "image/jpeg",
            (200, 133),
            (600, 400),
        ),
        (
            flag(300, 1_200),
            ImageFormat::Png,
            "image/png",
            "image/jpeg",
            (50, 200),
            (150, 600),
        ),
        (
            clear,
            ImageFormat::WebP,
            "image/webp",
            "image/png",
            (200, 67),
            (600, 200),
        ),
        (
            flag(120, 90),
            ImageFormat::Png,
            "image/png",
            "image/jpeg",
            (120, 90),
            (120, 90),
        ),
    ] {
        let id = upload(&client, mime_type, "picture", &encoded(&picture, format)).await;
        work(&test.app).await;
        let shown = show(&client, id).await;
        assert_eq!(
            (&shown["width"], &shown["height"]),
            (&json!(picture.width()), &json!(picture.height()))
        );
        for (name, size) in [("thumbnail", small), ("medium", middle)] {
            let about = &shown["variants"][name];
            assert_eq!(
                (&about["width"], &about["height"], &about["mime_type"]),
                (&json!(size.0), &json!(size.1), &json!(variant))
            );
            let read = Client::of(&test.app).get(about["url"].as_str().unwrap()).await.ok();
            assert_eq!(
                (read.header("content-type"), json!(read.body.len())),
                (Some(variant), about["size"].clone())
            );
            let unpacked = image::load_from_memory(&read.body).unwrap();
            assert_eq!((unpacked.width(), unpacked.height()), size, "{name}");
        }
    }
    let id = upload(
        &client,
        "image/jpeg",
        "flag.jpg",
        &encoded(&flag(1_000, 500), ImageFormat::Jpeg),
    )
    .await;
    work(&test.app).await;
    let small = client
        .get(&format!("/api/v1/media/{id}/content?variant=thumbnail"))
        .await
        .ok();
    let small = image::load_from_memory(&small.body).unwrap().to_rgb8();
    let (left, right) = (small.get_pixel(10, 50), small.get_pixel(190, 50));
    assert!(
        left[0] > 200 && left[2] < 50 && right[2] > 200 && right[0] < 50,
        "{left:?} {right:?}"
    );
}

#[both_databases]
async fn a_picture_that_would_unpack_to_gigabytes_is_left_as_it_is(test: TestApp) {
    let client = Client::tenant(&test);
    let bomb = |width: u32, height: u32| {
        let mut png = encoded(&flag(2, 2), ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        png
    };
    let mut broken = encoded(&flag(100, 100), ImageFormat::Jpeg);
    broken.truncate(300);
    for (n, bytes_) in [bomb(50_000, 50_000), bomb(16_000, 16_000), bomb(u32::MAX, 1), broken]
        .into_iter()
        .enumerate()
    {
        let mime_type = if n == 3 { "image/jpeg" } else { "image/png" };
        let id = upload(&client, mime_type, "bomb", &bytes_).await;
        work(&test.app).await;
        let shown = show(&client, id).await;
        assert_eq!(
            (&shown["status"], &shown["variants"]),
            (&json!("ready"), &json!({})),
            "{n}"
        );
        assert_eq!(bytes(&client, id).await.ok().body, bytes_);
        let missing = client
            .get(&format!("/api/v1/media/{id}/content?variant=thumbnail"))
            .await;
        assert_eq!(missing.problem(404), "not-found");
    }
    assert_eq!(
        number(
            &test.app,
            "SELECT COUNT(*) FROM media_files WHERE state = 'done' AND variants = '{}'"
        )
        .await,
        4
    );
    housekeeping::reconcile(&test.app).await.unwrap();
    assert_eq!(
        number(&test.app, "SELECT COUNT(*) FROM events WHERE type = 'media.failed'").await,
        0
    );
    assert_eq!(stored(&test.app).len(), 4);
}

/// Of PNG, RFC 2083 §15.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}
