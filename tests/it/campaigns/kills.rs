//! `kill -9`, `FLUSHALL`, pause and resume at any moment of a campaign.

use mainstay_test_macros::both_sizes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::scene::{Scene, sample};

#[both_sizes]
async fn everybody_is_written_to_once_whatever_is_killed(mut scene: Scene) {
    const COUNT: usize = 1_500;
    scene.people(COUNT).await;
    let id = scene.launch().await;
    let db = scene.deployment.db().await;
    let over = CancellationToken::new();
    let sampled = sample(&db, &id, &over);
    let faults = async {
        for round in 1..=4 {
            scene.until_accepted(round * COUNT / 6).await;
            match round {
                2 if !scene.deployment.is_embedded() => scene.deployment.redis().flush_all().await,
                3 => {
                    scene.post(&format!("campaigns/{id}/pause"), &json!({})).await;
                    scene.kill().await;
                    scene.post(&format!("campaigns/{id}/resume"), &json!({})).await;
                }
                _ => scene.kill().await,
            }
        }
        over.cancel();
        scene
    };
    let ((broken, samples), scene) = tokio::join!(sampled, faults);
    db.close().await;
    assert_eq!(broken, 0, "of {samples} samples");
    assert!(samples > 10, "{samples} samples");
    scene.assert_everybody_once(&id, COUNT).await;
}

#[both_sizes]
#[ignore = "takes several minutes"]
async fn twenty_thousand_are_written_to_once_whatever_is_killed(mut scene: Scene) {
    const COUNT: usize = 20_000;
    scene.people(COUNT).await;
    let id = scene.launch().await;
    for round in 1..=12 {
        scene.until_accepted(round * COUNT / 14).await;
        match round % 4 {
            1 if !scene.deployment.is_embedded() => scene.deployment.redis().flush_all().await,
            2 => {
                scene.post(&format!("campaigns/{id}/pause"), &json!({})).await;
                scene.kill().await;
                scene.post(&format!("campaigns/{id}/resume"), &json!({})).await;
            }
            _ => scene.kill().await,
        }
    }
    scene.assert_everybody_once(&id, COUNT).await;
}
