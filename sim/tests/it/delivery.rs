//! Delivery, redelivery and the ledger.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use mainstay_sim::{Answer, Delivered, Manners, Shape, SimConfig, Simulator};
use tokio::net::TcpListener;

use crate::bodies::{entered, told};
use crate::receiver::{Receiver, SECRET, config, until};

#[tokio::test]
async fn the_handshake_wants_the_right_token_and_the_challenge_verbatim() {
    let url = Receiver::default().start().await;
    let simulator = Simulator::new(config(url.clone(), Manners::polite())).unwrap();
    simulator.verify_callback().await.unwrap();
    assert_eq!(
        simulator.handshake("wrong").await.unwrap().status,
        StatusCode::FORBIDDEN
    );
    let stranger = Simulator::new(SimConfig {
        verify_token: "wrong".into(),
        ..config(url, Manners::polite())
    })
    .unwrap();
    assert!(stranger.verify_callback().await.is_err());
}

#[tokio::test]
async fn what_is_answered_503_is_sent_again_until_it_is_acknowledged() {
    let receiver = Receiver {
        refusals: 3,
        ..Receiver::default()
    };
    let simulator = Simulator::new(config(receiver.clone().start().await, Manners::polite())).unwrap();
    let delivered = simulator.send_all(60).await;
    assert_eq!(
        delivered,
        Delivered {
            acknowledged: 60,
            ..Delivered::default()
        }
    );

    let ledger = simulator.ledger();
    assert!(ledger.is_complete());
    assert_eq!(ledger.totals.refused, 180);
    assert_eq!(ledger.totals.redeliveries, 180);
    assert_eq!(ledger.totals.bodies_acknowledged, 60);
    assert_eq!(receiver.kept.lock().unwrap().len(), 60);
    assert_eq!(receiver.received(), entered(&ledger));
}

#[tokio::test]
async fn a_rude_sender_is_acknowledged_in_full_but_never_believed_when_it_lies() {
    let receiver = Receiver::default();
    let manners = Manners {
        batch_items: 40,
        wrong_secrets: 0.05,
        bad_signatures: 0.05,
        unsigned: 0.05,
        lost_answers: 0.2,
        garbage: 0.05,
        ..Manners::rude()
    };
    let simulator = Simulator::new(config(receiver.clone().start().await, manners)).unwrap();
    simulator.send_all(300).await;
    simulator.send_rest().await;

    let ledger = simulator.ledger();
    assert!(ledger.is_complete());
    assert!(ledger.totals.answers_lost > 10 && ledger.totals.forged > 10 && ledger.totals.garbage > 0);
    assert_eq!(ledger.totals.forged_accepted, 0);
    let received = receiver.received();
    assert_eq!(received, entered(&ledger));
    assert!(!ledger.forged_wamids.is_empty());
    let lies = |told: &String| ledger.forged_wamids.iter().any(|wamid| told.contains(wamid));
    assert!(!received.iter().any(lies));
}

#[tokio::test]
async fn a_body_is_dropped_when_its_window_has_passed_and_stays_unacknowledged() {
    let receiver = Receiver {
        refusals: usize::MAX,
        ..Receiver::default()
    };
    let mut config = config(receiver.start().await, Manners::polite());
    config.redelivery.window = Duration::from_millis(50);
    let simulator = Simulator::new(config).unwrap();
    let delivered = simulator.send_all(3).await;
    assert_eq!(
        delivered,
        Delivered {
            given_up: 3,
            ..Delivered::default()
        }
    );
    let ledger = simulator.ledger();
    assert_eq!(ledger.totals.bodies_given_up, 3);
    assert!(!ledger.is_complete());
    assert_eq!(ledger.acknowledged_messages().count(), 0);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let mut config = config(url, Manners::polite());
    config.request_timeout = Duration::from_millis(100);
    let simulator = Simulator::new(config).unwrap();
    // Connections wait in the listener's queue, unanswered, until someone serves it.
    let (webhook, sim) = (simulator.generate(), simulator.clone());
    let delivery = tokio::spawn(async move { sim.deliver(webhook).await });
    until(|| simulator.ledger().totals.unanswered > 0).await;
    tokio::spawn(axum::serve(listener, Router::new().fallback(|| async { StatusCode::OK })).into_future());
    assert_eq!(delivery.await.unwrap(), Answer::Acknowledged);
    assert!(simulator.ledger().is_complete());
}

#[tokio::test]
async fn traffic_runs_at_its_rate_and_not_while_paused() {
    let receiver = Receiver::default();
    let mut config = config(receiver.clone().start().await, Manners::polite());
    config.rate_per_second = 500.0;
    let simulator = Simulator::new(config).unwrap();
    simulator.pause();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let run = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.run(stopped).await }
    });
    // Asked for while everything is paused, so its first POST has to wait too.
    let written = simulator.write(0, Shape::Text, Some("hello")).unwrap();
    let message = told(&written.items);
    let mut delivery = std::pin::pin!(simulator.deliver(written));
    tokio::time::timeout(Duration::from_millis(100), &mut delivery)
        .await
        .expect_err("it should have waited");
    assert_eq!(simulator.ledger().totals.posts, 0);
    simulator.resume();
    delivery.await;
    assert!(receiver.received().is_superset(&message));
    until(|| simulator.ledger().totals.bodies_acknowledged > 20).await;
    stop.send(()).unwrap();
    let delivered = run.await.unwrap();
    assert_eq!(
        delivered.acknowledged + 1,
        simulator.ledger().totals.bodies_acknowledged
    );
}

#[tokio::test]
async fn any_body_can_be_posted_once_with_any_secret_or_signature() {
    let simulator = Simulator::new(config(Receiver::default().start().await, Manners::polite())).unwrap();
    assert_eq!(simulator.post_once("{}", SECRET).await.unwrap(), StatusCode::OK);
    assert_eq!(
        simulator.post_once("{}", "another").await.unwrap(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(simulator.post_with("{}", None).await.unwrap(), StatusCode::UNAUTHORIZED);
    assert_eq!(simulator.ledger().totals.posts, 0);
}
