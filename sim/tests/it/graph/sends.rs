//! What is accepted, and what the ledger says of it.

use axum::http::StatusCode;
use mainstay_sim::{AcceptedSend, By, Counts, Enforcement, Ledger};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, code, text};

#[tokio::test]
async fn a_reply_is_answered_with_a_wamid_and_kept_in_the_ledger_byte_for_byte() {
    let world = World::new().await;
    let customer = world.customer(0);
    world.write(0).await;
    let mut body = text(&format!("+{}", customer.dialled), "grüße 👋");
    body["biz_opaque_callback_data"] = json!("attempt/7");
    let (status, answer) = world.send(&body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["messaging_product"], "whatsapp");
    assert_eq!(answer["contacts"][0]["input"], body["to"]);
    // WhatsApp's own form of the number, which differs from the dialled one in some countries.
    assert_eq!(answer["contacts"][0]["wa_id"], customer.wa_id);
    let wamid = answer["messages"][0]["id"].as_str().unwrap();
    assert!(wamid.starts_with("wamid."));
    assert!(answer["messages"][0].get("message_status").is_none());

    let ledger: Ledger = world
        .client
        .get(format!("{}/_sim/ledger", world.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let [send] = ledger.sends.as_slice() else {
        panic!("{} sends", ledger.sends.len())
    };
    assert_eq!(send.wamid, wamid);
    assert_eq!(send.phone_number_id, world.number());
    assert_eq!(send.recipient, customer.wa_id);
    assert_eq!(send.message_type, "text");
    assert_eq!(send.opaque.as_deref(), Some("attempt/7"));
    assert_eq!(send.json(), body);
    assert_eq!(send.body.get(), serde_json::to_string(&body).unwrap());
    assert_eq!(send.times_accepted, 1);
    assert!(!send.answer_spoilt);
}

#[tokio::test]
async fn any_version_will_do_and_an_unknown_number_is_no_object() {
    let world = World::with(|config| config.graph.enforcement = Enforcement::none()).await;
    let token = "simulated-access-token";
    for path in [
        format!("v26.0/{}/messages", world.number()),
        format!("v99.1/{}/messages", world.number()),
        format!("{}/messages", world.number()),
    ] {
        let request = world.client.post(format!("{}/{path}", world.url)).bearer_auth(token);
        let answer = request.json(&text("4915123456789", "hi")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    let (status, answer) = world.post("999999/messages", &text("4915123456789", "hi")).await;
    assert_eq!((status, code(&answer)), (StatusCode::BAD_REQUEST, 100));
    assert_eq!(answer["error"]["error_subcode"], 33);
    assert_eq!(world.simulator.graph().refused(100), 1);
}

#[tokio::test]
async fn counting_by_opaque_data_recipient_or_content_finds_what_went_out_twice() {
    let world = World::with(|config| config.graph.enforcement = Enforcement::none()).await;
    for (to, words, opaque) in [
        ("+49 151 1111111", "one", "a"),
        ("49-151-1111111", "one", "b"),
        ("+491512222222", "one", "c"),
        ("+491512222222", "two", "c"),
    ] {
        let mut body = text(to, words);
        body["biz_opaque_callback_data"] = json!(opaque);
        world.accepted(&body).await;
    }
    let graph = world.simulator.graph();
    assert_eq!(graph.accepted(), 4);
    assert_eq!(
        (
            graph.accepted_with("a"),
            graph.accepted_with("c"),
            graph.accepted_with("d")
        ),
        (1, 2, 0)
    );
    assert_eq!(
        (graph.accepted_for("491511111111"), graph.accepted_for("491512222222")),
        (2, 2)
    );
    // The same words to the same person under another attempt: somebody has got them twice.
    assert_eq!(graph.counts(By::Content, 0).most, 2);
    let twice: Vec<_> = graph
        .sends()
        .iter()
        .filter(|send| send.times_accepted > 1)
        .map(|send| send.opaque.clone())
        .collect();
    assert_eq!(twice, [Some("b".to_owned())]);

    let url = format!("{}/_sim/sends", world.url);
    let counts: Counts = world
        .client
        .get(format!("{url}/counts?by=opaque&least=2"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((counts.accepted, counts.distinct, counts.most), (4, 3, 2));
    assert_eq!(counts.counts.into_iter().collect::<Vec<_>>(), [("c".to_owned(), 2)]);
    let sends: Vec<AcceptedSend> = world
        .client
        .get(format!("{url}?opaque=c"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(sends.iter().map(|send| send.place).collect::<Vec<_>>(), [2, 3]);
    let sends: Vec<AcceptedSend> = world
        .client
        .get(format!("{url}?from=3"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(sends.len(), 1);
}

#[tokio::test]
async fn a_customers_message_is_marked_as_read_and_an_unknown_one_is_not() {
    let world = World::new().await;
    let wamid = world.write(1).await;
    let read = |wamid: &str| json!({"messaging_product": "whatsapp", "status": "read", "message_id": wamid});
    assert_eq!(
        world.send(&read(&wamid)).await,
        (StatusCode::OK, json!({"success": true}))
    );
    let mut typing = read(&wamid);
    typing["typing_indicator"] = json!({"type": "text"});
    assert_eq!(world.send(&typing).await.0, StatusCode::OK);
    assert_eq!(world.refused(&read("wamid.unheard-of")).await, 131009);
    assert_eq!(
        world
            .refused(&json!({"messaging_product": "whatsapp", "status": "read"}))
            .await,
        131008
    );
    let reads = world.simulator.ledger().reads;
    assert_eq!(
        reads
            .iter()
            .map(|read| (read.wamid.as_str(), read.typing))
            .collect::<Vec<_>>(),
        [(wamid.as_str(), false), (wamid.as_str(), true)]
    );
    assert_eq!(world.simulator.graph().accepted(), 0, "a receipt is no message");
}

#[tokio::test]
async fn customers_answer_messages_that_were_really_sent_to_them() {
    let world = World::new().await;
    world.write(0).await;
    let wamid = world.accepted(&text(&world.customer(0).wa_id, "Which size?")).await;
    world.statuses().await;
    let webhook = world
        .simulator
        .write(0, mainstay_sim::Shape::Reply, Some("42"))
        .unwrap();
    world.simulator.deliver(webhook).await;
    assert_eq!(world.told("messages")[1]["context"]["id"], wamid);
}

#[tokio::test]
async fn several_numbers_send_each_in_its_own_name() {
    let world = World::with(|config| {
        config.graph.more_numbers = vec![
            serde_json::from_value(json!({"phone_number_id": "222", "display_phone_number": "12065550199"})).unwrap(),
        ];
    })
    .await;
    // The window belongs to the number that was written to.
    let webhook = world
        .simulator
        .write_to("222", 0, mainstay_sim::Shape::Text, None)
        .unwrap();
    world.simulator.deliver(webhook).await;
    let body = text(&world.customer(0).wa_id, "hello");
    assert_eq!(world.refused(&body).await, 131047);
    assert_eq!(world.post("222/messages", &body).await.0, StatusCode::OK);
    world.statuses().await;
    let statuses = world.simulator.ledger().statuses;
    assert!(statuses.iter().all(|status| status.item.phone_number_id == "222") && statuses.len() == 3);
}

#[tokio::test]
async fn what_is_not_json_or_names_no_call_is_refused_in_metas_form() {
    let world = World::new().await;
    let request = world
        .client
        .post(format!("{}/v25.0/{}/messages", world.url, world.number()));
    let answer = request
        .bearer_auth("simulated-access-token")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(&answer.json().await.unwrap()), 100);
    let (_, answer) = world.call(Method::PUT, "1/2/3", None).await;
    assert_eq!(code(&answer), 100);
    assert_ne!(answer["error"]["fbtrace_id"], Value::Null);
}
