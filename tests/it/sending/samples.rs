//! Requests that Meta and others have published, made by our API and taken by the simulator.

use std::{fs, path::PathBuf};

use mainstay_sim::Enforcement;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::{DEADLINE, World};
use crate::{
    requests::{REFUSED, filled},
    support::{app::WABA, wait::wait_until},
    templates::samples::seed,
};

/// A published request in the form our API takes, for somebody else.
fn ours(world: &World, sample: &Value, phone: &str) -> Value {
    let kind = sample["type"].as_str().unwrap_or("text");
    let mut request =
        json!({ "channel_id": world.channel, "to": { "phone": phone }, "type": kind, kind: sample[kind] });
    if sample["recipient_type"] == "group" {
        request["to"] = json!({ "group_id": sample["to"] });
    }
    if sample["context"].is_object() {
        request["context"] = json!({ "message_id": sample["context"]["message_id"] });
    }
    for option in [
        "recipient_identity_key_hash",
        "message_activity_sharing",
        "product_policy",
    ] {
        if let Some(value) = sample.get(option) {
            request[option] = value.clone();
        }
    }
    request
}

#[both_sizes]
async fn every_published_message_is_taken_by_our_api_and_by_the_simulator(world: World) {
    let Ok(folder) = std::env::var("REQUEST_SAMPLES") else {
        eprintln!("SKIPPED: REQUEST_SAMPLES is unset; it names a folder of requests in JSON");
        return;
    };
    world.simulator.graph().set_enforcement(Enforcement::none());
    let mut phones = Vec::new();
    for place in 0..20 {
        phones.push(world.customer(place).await.wa_id);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut sent, mut refused, mut samples) = (Vec::new(), 0, Vec::new());
    for (n, path) in files.iter().enumerate() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("send_") {
            continue;
        }
        let mut sample = filled(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap());
        // Each has a template of its own, of its shape, and so a name of its own.
        if sample["type"] == "template" && !REFUSED.iter().any(|(it, _)| *it == name) {
            sample["template"]["name"] = json!(format!("sample_{n}"));
            world.simulator.graph().add_template(WABA, seed(&sample["template"]));
        }
        samples.push((name, sample));
    }
    world.fetch_templates().await;
    for (name, sample) in samples {
        let request = ours(&world, &sample, &phones[sent.len() % phones.len()]);
        let answer = world.post("messages", request).await;
        if REFUSED.iter().any(|(it, _)| *it == name) {
            assert_eq!(answer.problem(422), "invalid-field", "{name}");
            refused += 1;
            continue;
        }
        assert_eq!(answer.status.as_u16(), 202, "{name}: {}", answer.text());
        sent.push((name, answer.json()["id"].as_str().unwrap().to_owned()));
    }
    let graph = world.simulator.graph();
    wait_until(DEADLINE, "all have been tried", async || {
        world
            .number("SELECT COUNT(*) FROM messages WHERE status IN ('queued', 'sending')")
            .await
            == 0
    })
    .await;
    for (name, id) in &sent {
        let message = world.message(id).await;
        assert_eq!(World::outcomes(&message), ["accepted"], "{name}: {message:#}");
    }
    assert_eq!(graph.accepted(), sent.len());
    assert!(
        sent.len() >= 90 && refused == REFUSED.len(),
        "{} sent, {refused} refused",
        sent.len()
    );
    world.end().await;
}
