//! Files of ours in messages: given to Meta before their messages, once, and beside everything else.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_test_macros::both_sizes;

use mainstay::domain::MediaId;
use mainstay_sim::{Area, Fault, FaultRule, Shape};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::stage::{PIXEL, pdf, show, upload};
use crate::{
    sending::world::{DEADLINE, World},
    support::{http::Client, wait::wait_until},
};

/// Strikes uploads.
fn on_uploads(fault: Fault) -> FaultRule {
    FaultRule {
        on: Area::MediaUpload,
        ..FaultRule::new(fault)
    }
}

/// A request for a message of that type to somebody.
fn message(world: &World, to: &str, kind: &str, payload: Value) -> Value {
    json!({ "channel_id": world.channel, "to": { "phone": to }, "type": kind, kind: payload })
}

fn picture(world: &World, to: &str, id: MediaId) -> Value {
    message(world, to, "image", json!({ "media_id": id, "caption": "Look" }))
}

/// What Meta's side says of a file.
async fn at_meta(world: &World, id: &str) -> Value {
    let url = format!("{}/v25.0/{id}", world.running.app.config.graph.base_url);
    let asked = reqwest_client().get(url).bearer_auth("EAAG-test").send().await.unwrap();
    assert_eq!(asked.status().as_u16(), 200, "Meta knows {id}");
    serde_json::from_str(&asked.text().await.unwrap()).unwrap()
}

fn reqwest_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The ids of the files in what Meta's side accepted.
fn sent_files(world: &World) -> Vec<String> {
    let sends = world.simulator.graph().sends();
    let ids = sends
        .iter()
        .filter_map(|send| Some(send.json()["image"]["id"].as_str()?.to_owned()));
    ids.collect()
}

/// As often as something was asked of a worker in vain.
async fn put_off(world: &World) {
    const WAITING: &str = "SELECT COUNT(*) FROM sends WHERE state = 'pending' AND due_at > created_at";
    wait_until(DEADLINE, "the message is put off", async || {
        world.number(WAITING).await > 0
    })
    .await;
}

/// Moves the clock to where the message is due each time it is put off, until it is read: first it waits for its upload, then for its
/// next attempt, and a look at it may fall between the two.
async fn read_after_rests(world: &World, sent: &str) -> Value {
    const RESTS: &str = "SELECT due_at FROM sends WHERE state = 'pending'";
    wait_until(DEADLINE, "the message is read", async || {
        let clock = &world.running.app.clock;
        let rests: Vec<(DateTime<Utc>,)> = world.running.app.db.reader().sql(RESTS, ()).all().await.unwrap();
        let ahead = rests.iter().map(|&(due,)| due - clock.now()).max();
        if let Some(ahead) = ahead.filter(|ahead| *ahead > TimeDelta::seconds(1)) {
            clock.advance(ahead);
        }
        world.message(sent).await["status"] == "read"
    })
    .await;
    world.message(sent).await
}

#[both_sizes]
async fn only_ogg_is_a_voice_note(world: World) {
    let ana = world.customer(0).await;
    let recording = upload(&world.client, "audio/mpeg", "note.mp3", &[0xff, 0xf3, 0x84, 0xc4, 0]).await;
    let voice = json!({ "media_id": recording, "voice": true });
    let answer = world
        .post("messages", message(&world, &ana.wa_id, "audio", voice))
        .await;
    assert_eq!(answer.problem(422), "invalid-field");
    assert_eq!(answer.json()["field"], "audio.voice", "{}", answer.text());
    let recorded = json!({ "media_id": recording });
    let id = world.send(message(&world, &ana.wa_id, "audio", recorded)).await;
    world.until(&id, "read").await;
    world.end().await;
}

#[both_sizes]
async fn a_file_of_ours_goes_to_meta_and_then_its_message(world: World) {
    let ana = world.customer(0).await;
    let id = upload(&world.client, "image/png", "pixel.png", PIXEL).await;
    let sent = world.send(picture(&world, &ana.wa_id, id)).await;
    let message = world.until(&sent, "read").await;
    assert_eq!(World::outcomes(&message), ["accepted"]);
    let [send] = <[_; 1]>::try_from(world.simulator.graph().sends()).unwrap();
    let body = send.json();
    assert_eq!(body["image"]["caption"], "Look");
    assert!(body["image"].get("media_id").is_none(), "{body}");
    let file = at_meta(&world, body["image"]["id"].as_str().unwrap()).await;
    assert_eq!(
        (&file["mime_type"], &file["sha256"]),
        (&json!("image/png"), &json!(hex::encode(Sha256::digest(PIXEL))))
    );
    world.end().await;
}

#[both_sizes]
async fn a_document_goes_by_the_name_of_its_file_unless_it_is_given_one(world: World) {
    let ana = world.customer(0).await;
    let id = upload(&world.client, "application/pdf", "offer.pdf", &pdf(1_000)).await;
    for (document, name) in [
        (json!({ "media_id": id }), "offer.pdf"),
        (json!({ "media_id": id, "filename": "for-ana.pdf" }), "for-ana.pdf"),
    ] {
        let sent = world.send(message(&world, &ana.wa_id, "document", document)).await;
        world.until(&sent, "read").await;
        let last = world.simulator.graph().sends().pop().unwrap().json();
        assert_eq!(last["document"]["filename"], name, "{last}");
    }
    world.end().await;
}

#[both_sizes]
async fn messages_with_one_file_upload_it_once(world: World) {
    let (mut phones, mut messages) = (Vec::new(), Vec::new());
    for place in 0..4 {
        phones.push(world.customer(place).await.wa_id);
    }
    let id = upload(&world.client, "image/png", "pixel.png", PIXEL).await;
    // Long enough for all of them to want the file while it is on its way.
    world.fault(on_uploads(Fault::Slow { ms: 500 }));
    for n in 0..60 {
        messages.push(picture(&world, &phones[n % 4], id));
    }
    let header = json!({ "type": "button", "header": { "type": "image", "image": { "media_id": id } }, "body": { "text": "?" },
        "action": { "buttons": [{ "type": "reply", "reply": { "id": "1", "title": "Yes" } }] } });
    messages.push(message(&world, &phones[0], "interactive", header));
    let answer = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    assert!(
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["message"].is_object()),
        "{answer:#}"
    );
    let graph = world.simulator.graph();
    wait_until(DEADLINE, "all are sent", async || graph.accepted() == 61).await;
    let again = world.send(picture(&world, &phones[0], id)).await;
    world.until(&again, "read").await;
    let ids: std::collections::BTreeSet<String> = sent_files(&world).into_iter().collect();
    assert_eq!((ids.len(), graph.faults()[0].struck), (1, 1));
    let with_header = graph
        .sends()
        .iter()
        .filter(|it| it.message_type == "interactive")
        .count();
    assert_eq!((graph.accepted(), with_header), (62, 1));
    world.end().await;
}

#[both_sizes]
async fn a_file_that_meta_has_forgotten_is_uploaded_anew_for_the_next_message(world: World) {
    let id = upload(&world.client, "image/png", "pixel.png", PIXEL).await;
    for (turn, fault) in [Fault::error(131_053), Fault::failed(131_009)].into_iter().enumerate() {
        let ana = world.customer(turn).await;
        let first = world.send(picture(&world, &ana.wa_id, id)).await;
        world.until(&first, "read").await;
        // A moment after the upload, the file itself is to blame.
        for (hours, uploads) in [(0, turn + 1), (2, turn + 2)] {
            world.running.app.clock.advance(TimeDelta::hours(hours));
            world.fault(FaultRule::new(fault.clone()).times(1));
            let refused = world.send(picture(&world, &ana.wa_id, id)).await;
            world.until(&refused, "failed").await;
            let again = world.send(picture(&world, &ana.wa_id, id)).await;
            world.until(&again, "read").await;
            let files: HashSet<String> = sent_files(&world).into_iter().collect();
            assert_eq!(files.len(), uploads, "{hours} hours later");
        }
    }
    world.end().await;
}

#[both_sizes]
async fn slow_uploads_hold_up_nothing_but_their_own_messages(world: World) {
    let ana = world.customer(0).await;
    world.fault(on_uploads(Fault::Slow { ms: 3_000 }));
    // More files than are given to Meta at once.
    let mut messages = Vec::new();
    for n in 0..12 {
        let id = upload(&world.client, "application/pdf", "a.pdf", &pdf(1_000 + n)).await;
        messages.push(message(&world, &ana.wa_id, "document", json!({ "media_id": id })));
    }
    messages.push(world.text(&ana.wa_id, "beside them"));
    let posted = std::time::Instant::now();
    world.post("messages/batch", json!({ "messages": messages })).await.ok();
    wait_until(DEADLINE, "the text is sent", async || {
        !world.accepted("beside them").is_empty()
    })
    .await;
    let later = world.send(world.text(&ana.wa_id, "after them")).await;
    world.until(&later, "read").await;
    assert!(posted.elapsed() < Duration::from_secs(3), "{:?}", posted.elapsed());
    let graph = world.simulator.graph();
    assert_eq!(graph.accepted(), 2, "no upload can have ended");
    wait_until(DEADLINE, "all are sent", async || graph.accepted() == 14).await;
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM send_attempts WHERE number > 1")
            .await,
        0,
        "waiting is no attempt"
    );
    world.end().await;
}

#[both_sizes]
async fn a_refused_file_fails_its_message_with_the_code(world: World) {
    let ana = world.customer(0).await;
    for code in [131_053, 100] {
        let id = upload(&world.client, "application/pdf", "a.pdf", &pdf(1_000 + code as usize)).await;
        world.fault(on_uploads(Fault::error(code)).times(1));
        for _ in 0..2 {
            let sent = world
                .send(message(&world, &ana.wa_id, "document", json!({ "media_id": id })))
                .await;
            let failed = world.until(&sent, "failed").await;
            assert_eq!(failed["error"]["code"], code, "{failed:#}");
            assert!(
                failed["error"]["title"]
                    .as_str()
                    .unwrap()
                    .starts_with("Meta refused the file"),
                "{failed:#}"
            );
            assert_eq!(failed["attempts"], json!([]));
        }
    }
    assert_eq!(world.simulator.graph().accepted(), 0);
    world.end().await;
}

#[both_sizes]
async fn an_upload_that_fails_in_passing_is_tried_again(world: World) {
    let ana = world.customer(0).await;
    // The last is one of the codes that leave a message's fate open. A file may be uploaded twice.
    for (n, fault) in [
        Fault::Http {
            status: 503,
            accepted: false,
        },
        Fault::Lost { accepted: false },
        Fault::Lost { accepted: true },
        Fault::error(131_016),
        Fault::error(80_007),
    ]
    .into_iter()
    .enumerate()
    {
        let id = upload(&world.client, "application/pdf", "a.pdf", &pdf(1_000 + n)).await;
        world.fault(on_uploads(fault).times(1));
        let sent = world
            .send(message(&world, &ana.wa_id, "document", json!({ "media_id": id })))
            .await;
        wait_until(DEADLINE, "it failed once", async || {
            world
                .number("SELECT COUNT(*) FROM media_uploads WHERE failure IS NOT NULL")
                .await
                == 1
        })
        .await;
        let message = read_after_rests(&world, &sent).await;
        assert_eq!(World::outcomes(&message), ["accepted"]);
    }
    world.end().await;
}

#[both_sizes]
async fn a_bad_token_at_an_upload_trips_the_channel(world: World) {
    let ana = world.customer(0).await;
    let id = upload(&world.client, "image/png", "pixel.png", PIXEL).await;
    world.fault(on_uploads(Fault::error(190)).times(1));
    let first = world.send(picture(&world, &ana.wa_id, id)).await;
    let second = world.send(picture(&world, &ana.wa_id, id)).await;
    wait_until(DEADLINE, "both are kept", async || {
        world
            .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'")
            .await
            == 2
    })
    .await;
    let path = format!("/api/v1/channels/{}", world.channel);
    assert_eq!(world.client.get(&path).await.ok().json()["breaker"]["code"], 190);
    world.running.app.clock.advance(TimeDelta::seconds(6));
    let checked = world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok()
        .json();
    assert_eq!(checked["can_send"], true, "{checked:#}");
    for sent in [first, second] {
        world.until(&sent, "read").await;
    }
    world.end().await;
}

#[both_sizes]
async fn a_message_whose_file_was_deleted_meanwhile_fails_with_words(world: World) {
    let ana = world.customer(0).await;
    let id = upload(&world.client, "image/png", "pixel.png", PIXEL).await;
    let operator = Client::operator(&world.running.app);
    operator.post("/admin/queues/outbound/pause", json!(null)).await.ok();
    // A worker may have looked just before the pause.
    world.fault(on_uploads(Fault::Slow { ms: 60_000 }));
    let sent = world.send(picture(&world, &ana.wa_id, id)).await;
    assert_eq!(
        world
            .client
            .delete(&format!("/api/v1/media/{id}"))
            .await
            .status
            .as_u16(),
        204
    );
    operator.post("/admin/queues/outbound/resume", json!(null)).await.ok();
    world.running.app.clock.advance(TimeDelta::minutes(1));
    let failed = world.until(&sent, "failed").await;
    assert_eq!(
        (&failed["error"]["code"], &failed["error"]["title"]),
        (&json!(131_053), &json!("the media was deleted"))
    );
    assert_eq!(world.simulator.graph().accepted(), 0);
    world.end().await;
}

#[both_sizes]
async fn what_a_customer_sent_can_be_sent_on_even_while_it_is_being_fetched(world: World) {
    let ana = world.customer(0).await;
    let away = world.fault(FaultRule {
        on: Area::Media,
        ..FaultRule::new(Fault::Http {
            status: 503,
            accepted: false,
        })
    });
    let webhook = world.simulator.write(1, Shape::Image, None).unwrap();
    world.simulator.deliver(webhook).await;
    wait_until(DEADLINE, "it was asked for", async || {
        world.number("SELECT COALESCE(MAX(attempts), 0) FROM media").await > 0
    })
    .await;
    let (id,): (MediaId,) = world
        .running
        .app
        .db
        .reader()
        .sql("SELECT id FROM media", ())
        .one()
        .await
        .unwrap();
    assert_eq!(show(&world.client, id).await["status"], "pending");
    let fits = world.send(picture(&world, &ana.wa_id, id)).await;
    let misfit = world
        .send(message(&world, &ana.wa_id, "video", json!({ "media_id": id })))
        .await;
    put_off(&world).await;
    world.simulator.graph().lift(away);
    world.running.app.clock.advance(TimeDelta::minutes(2));
    wait_until(DEADLINE, "it is fetched", async || {
        show(&world.client, id).await["status"] == "ready"
    })
    .await;
    world.running.app.clock.advance(TimeDelta::minutes(10));
    world.until(&fits, "read").await;
    let failed = world.until(&misfit, "failed").await;
    assert_eq!(failed["error"]["code"], 131_053);
    assert!(
        failed["error"]["title"].as_str().unwrap().contains("video/mp4"),
        "{failed:#}"
    );
    let [sent] = <[_; 1]>::try_from(sent_files(&world)).unwrap();
    assert_eq!(
        at_meta(&world, &sent).await["sha256"],
        show(&world.client, id).await["sha256"]
    );
    world.end().await;
}
