//! `mainstay verification`, and `mainstay send --at`.

use std::fs;

use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::{DEADLINE, Stage};
use crate::support::wait::wait_until;

#[both_sizes]
async fn numbers_of_a_file_are_verified(mut stage: Stage) {
    let file = stage.deployment.folder().join("numbers.txt");
    fs::write(&file, "+49 151 23456701\n\n0151 23456701\nwhat\n").unwrap();
    let begin = format!(
        "verification begin --tenant Acme --default-country DE {}",
        file.display()
    );
    let begun = stage.run(&begin).await;
    assert_eq!(
        (&begun["numbers"], &begun["duplicates"]),
        (&json!(2), &json!(1)),
        "{begun}"
    );
    let show = format!("verification show --tenant Acme {}", begun["id"].as_str().unwrap());
    assert_eq!(stage.run(&show).await["state"], "waiting");
    stage.deployment.start().await;
    wait_until(DEADLINE, "the verification has ended", async || {
        stage.run(&show).await["state"] == "completed"
    })
    .await;
    let shown = stage.run(&show).await;
    assert_eq!((&shown["valid"], &shown["invalid"]), (&json!(1), &json!(1)), "{shown}");
    let nobodys = "verification show --tenant Acme vrf_0198aaaabbbb7ccc8dddeeeeffff0001";
    assert!(stage.refused(nobodys).await.contains("no verification"));
    let later =
        "send --tenant Acme --to +4915123456701 --text later --at 2026-01-01T00:00:00Z --if-window-closed queue";
    assert_eq!(stage.run(later).await["send_at"], json!(null), "it has passed");
    let far = "send --tenant Acme --to +4915123456701 --text later --at 2199-01-01T00:00:00Z";
    assert!(stage.refused(far).await.contains("90 days"));
}
