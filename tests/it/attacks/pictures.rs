//! Pictures that are small as files and large in memory, and such as are none.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::json;

use super::memory::{Server, peak};
use crate::{
    media::{
        stage::{number, show, upload, work},
        variants::crc32,
    },
    support::{app::TestApp, http::Client, wait::wait_until},
};

/// A PNG of one colour with 16 bits in each of four channels.
fn deep(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = vec![0; width as usize * height as usize * 8];
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::NoFilter);
    encoder
        .write_image(&pixels, width, height, ExtendedColorType::Rgba16)
        .unwrap();
    bytes
}

/// The header of such a PNG, and hardly anything behind it.
fn deep_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = deep(1, 1);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

#[both_databases]
async fn a_picture_that_can_have_no_smaller_ones_is_a_result_and_no_dead_job(test: TestApp) {
    let client = Client::tenant(&test);
    let broken = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 100]].concat();
    let id = upload(&client, "image/png", "broken.png", &broken).await;
    let large = upload(&client, "image/png", "large.png", &deep_header(6_000, 3_600)).await;
    work(&test.app).await;
    for id in [id, large] {
        let shown = show(&client, id).await;
        assert_eq!(
            (&shown["status"], &shown["variants"], &shown["width"]),
            (&json!("ready"), &json!({}), &json!(null))
        );
    }
    assert_eq!(
        number(
            &test.app,
            "SELECT COUNT(*) FROM media_files WHERE state = 'done' AND last_error IS NOT NULL"
        )
        .await,
        2
    );
    let queue = Client::operator(&test.app)
        .get("/admin/queues/media_variants")
        .await
        .ok()
        .json();
    assert_eq!(queue["dead"], 0, "{queue}");
}

/// What it took before this was bounded: 690 MB and more.
#[both_sizes]
async fn a_deep_picture_takes_no_more_than_is_said(mut server: Server) {
    const MOST_MEGABYTES: u64 = 250;
    let worker = server.worker_id();
    for picture in [deep_header(8_000, 4_990), deep(5_200, 3_900)] {
        let before = peak(worker);
        server.upload("image/png", &picture).await;
        let db = server.deployment.db().await;
        wait_until(super::memory::DEADLINE, "it was looked at", async || {
            const OPEN: &str = "SELECT COUNT(*) FROM media_files WHERE state IN ('pending', 'running')";
            let (open,): (i64,) = db.sql(OPEN, ()).one().await.unwrap();
            open == 0
        })
        .await;
        db.close().await;
        let took = peak(worker).saturating_sub(before);
        eprintln!("a deep picture: {took} MB");
        assert!(took < MOST_MEGABYTES, "{took} MB");
    }
    server.deployment.assert_running();
}
