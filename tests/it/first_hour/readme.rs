//! The examples of the README, pasted.

use std::{fs, path::Path};

use super::shell::{Demo, environment, has, json, paste, shell};

/// The shell blocks of a section of the README.
pub fn blocks(section: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme
        .split_once(&format!("\n## {section}\n"))
        .expect("the README has the section");
    let text = rest.split("\n## ").next().unwrap_or_default();
    let blocks = text.split("\n```sh\n").skip(1);
    let blocks: Vec<String> = blocks
        .map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "{section} has examples");
    blocks
}

#[tokio::test]
async fn the_examples_of_the_readme_succeed_against_the_demo_as_they_are_pasted() {
    if !has(&["curl"]) {
        return;
    }
    let demo = Demo::start(&[]).await;
    let api = demo.api();
    // What the demo prints to be exported.
    let environment = environment(&[
        ("API", demo.text("api")),
        ("MAINSTAY_API_KEY", demo.text("api_key")),
        ("CHANNEL", demo.text("channel_id")),
        ("CUSTOMER", demo.text("customer")),
    ]);
    let mut sent = 0;
    for block in ["Read", "Send", "Receive events"].into_iter().flat_map(blocks) {
        if block.starts_with("mainstay listen") {
            let mut listening = shell(&format!("exec {block}"), demo.folder.path(), &environment);
            listening.wait_for_line("WEBHOOK_SECRET=whsec_").await;
            listening.send("INT");
            assert_eq!(listening.exit_code().await, Some(0), "{}", listening.output());
            continue;
        }
        for answer in json(&paste(&block, demo.folder.path(), &environment).await) {
            match answer["id"].as_str() {
                Some(message) if message.starts_with("msg_") => {
                    api.wait_until_delivered(message).await;
                    sent += 1;
                }
                Some(_) => {}
                None => assert!(answer["data"].is_array(), "{block}\n{answer:#}"),
            }
        }
    }
    assert_eq!(sent, 2, "a text and a template");
}

#[test]
fn the_readme_is_a_ten_minute_read_and_names_the_rust_it_needs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.lines().count() <= 220, "{} lines", readme.lines().count());
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, version) = manifest.split_once("rust-version = \"").expect("it is declared");
    let version = version.split('"').next().unwrap_or_default();
    assert!(readme.contains(&format!("Rust {version} or newer")), "{version}");
}
