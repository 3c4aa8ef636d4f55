//! What goes wrong on demand.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use mainstay_sim::{Area, Enforcement, Fault, FaultRule};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, code, read, text};
use crate::receiver::until;

async fn lenient() -> World {
    World::with(|config| config.graph.enforcement = Enforcement::none()).await
}

fn hello() -> Value {
    text("+49 151 23456789", "hello")
}

impl World {
    fn inject(&self, rule: FaultRule) -> u64 {
        self.simulator.graph().inject(rule)
    }

    async fn try_send(&self) -> reqwest::Result<(StatusCode, Value)> {
        let path = format!("{}/messages", self.number());
        let answer = self.ask(Method::POST, path, Some(&hello())).await?;
        let status = answer.status();
        let body = answer.text().await?;
        Ok((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
    }

    fn accepted_so_far(&self) -> usize {
        self.simulator.graph().accepted()
    }
}

#[tokio::test]
async fn an_error_strikes_so_many_times_and_is_counted_apart_from_own_refusals() {
    let world = lenient().await;
    world.inject(FaultRule::new(Fault::error(130429)).times(2));
    for expected in [Some(130429), Some(130429), None] {
        let (status, answer) = world.send(&hello()).await;
        match expected {
            Some(expected) => assert_eq!((status, code(&answer)), (StatusCode::BAD_REQUEST, expected)),
            None => assert_eq!(status, StatusCode::OK),
        }
    }
    let graph = world.simulator.graph();
    assert_eq!(graph.injected().get(&130429), Some(&2));
    assert_eq!(graph.refused(130429), 0);
    assert_eq!((graph.accepted(), graph.faults()[0].struck), (1, 2));
}

#[tokio::test]
async fn an_error_can_have_another_http_status_and_may_hide_an_acceptance() {
    let world = lenient().await;
    world.inject(
        FaultRule::new(Fault::Error {
            code: 131000,
            subcode: None,
            http_status: Some(503),
            details: Some("who knows".to_owned()),
            as_text: false,
            accepted: true,
        })
        .times(1),
    );
    let (status, answer) = world.send(&hello()).await;
    assert_eq!((status, code(&answer)), (StatusCode::SERVICE_UNAVAILABLE, 131000));
    assert_eq!(super::details(&answer), "who knows");
    assert_eq!(world.accepted_so_far(), 1);
    assert!(world.simulator.graph().sends()[0].answer_spoilt);
    assert_eq!(world.statuses().await.len(), 3, "what was accepted goes its way");
}

#[tokio::test]
async fn a_lost_answer_is_a_closed_connection_whether_or_not_the_send_was_accepted() {
    let world = lenient().await;
    for accepted in [true, false] {
        world.inject(FaultRule::new(Fault::Lost { accepted }).times(1));
        let before = world.accepted_so_far();
        let error = world.try_send().await.expect_err("the connection is closed");
        assert!(error.is_request(), "{error:?}");
        assert_eq!(world.accepted_so_far() - before, usize::from(accepted));
    }
    assert_eq!(world.try_send().await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn a_broken_gateway_answers_html_and_an_unreadable_answer_is_200() {
    let world = lenient().await;
    for accepted in [true, false] {
        world.inject(FaultRule::new(Fault::Http { status: 502, accepted }).times(1));
        let before = world.accepted_so_far();
        let (status, answer) = world.try_send().await.unwrap();
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(answer.as_str().unwrap().contains("<html>"));
        assert_eq!(world.accepted_so_far() - before, usize::from(accepted));
    }
    world.inject(FaultRule::new(Fault::Unreadable { accepted: true }).times(1));
    let (status, answer) = world.try_send().await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(answer.is_string(), "{answer} is no JSON");
}

#[tokio::test]
async fn a_late_answer_is_of_a_message_long_accepted() {
    let world = lenient().await;
    world.inject(FaultRule::new(Fault::Late { ms: 600 }).times(1));
    let start = Instant::now();
    let (answer, ()) = tokio::join!(world.try_send(), async {
        until(|| world.accepted_so_far() == 1).await;
        assert!(start.elapsed() < Duration::from_millis(500));
    });
    assert_eq!(answer.unwrap().0, StatusCode::OK);
    assert!(start.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn a_slow_call_is_carried_out_even_when_the_caller_has_hung_up() {
    let world = lenient().await;
    world.inject(FaultRule::new(Fault::Slow { ms: 400 }).times(1));
    tokio::time::timeout(Duration::from_millis(100), world.try_send())
        .await
        .expect_err("the caller gives up");
    assert_eq!(world.accepted_so_far(), 0);
    until(|| world.accepted_so_far() == 1).await;
}

#[tokio::test]
async fn a_failed_status_takes_the_place_of_the_others_or_follows_sent() {
    for (after_sent, expected) in [(false, vec!["failed"]), (true, vec!["sent", "failed"])] {
        let world = lenient().await;
        world.inject(FaultRule::new(Fault::Failed {
            code: 131026,
            details: None,
            after_sent,
        }));
        world.accepted(&hello()).await;
        let statuses = world.statuses().await;
        let names: Vec<_> = statuses
            .iter()
            .map(|status| status["status"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected);
        assert_eq!(statuses.last().unwrap()["errors"][0]["code"], 131026);
        assert_eq!(world.simulator.graph().injected().get(&131026), Some(&1));
    }
}

#[tokio::test]
async fn a_fault_strikes_only_whom_it_names_where_it_is_wanted_and_while_it_lasts() {
    let world = lenient().await;
    world.inject(FaultRule {
        to: Some("4915123456789".to_owned()),
        ..FaultRule::new(Fault::error(131026))
    });
    world.accepted(&text("4915123456780", "hi")).await;
    assert_eq!(world.refused(&hello()).await, 131026);
    world.simulator.graph().lift_all();
    world.inject(FaultRule {
        phone_number_id: Some("another".to_owned()),
        ..FaultRule::new(Fault::error(131026))
    });
    world.accepted(&hello()).await;
    world.simulator.graph().lift_all();
    let id = world.inject(FaultRule {
        on: Area::Management,
        ..FaultRule::new(Fault::error(80008))
    });
    world.accepted(&hello()).await;
    assert_eq!(code(&world.get(world.number()).await.1), 80008);
    assert!(world.simulator.graph().lift(id) && !world.simulator.graph().lift(id));
    world.inject(FaultRule {
        seconds: Some(60.0),
        ..FaultRule::new(Fault::error(2))
    });
    assert_eq!(world.refused(&hello()).await, 2);
    world.simulator.advance(Duration::from_secs(60));
    world.accepted(&hello()).await;
}

#[tokio::test]
async fn a_rate_strikes_some_and_spares_others() {
    let world = lenient().await;
    world.inject(FaultRule {
        rate: 0.5,
        ..FaultRule::new(Fault::error(131016))
    });
    for _ in 0..60 {
        world.send(&hello()).await;
    }
    let struck = world.simulator.graph().faults()[0].struck;
    assert!((10..50).contains(&struck), "{struck} of 60");
    assert_eq!(world.accepted_so_far() as u64, 60 - struck);
}

#[tokio::test]
async fn faults_are_set_and_lifted_from_another_process() {
    let world = lenient().await;
    let url = format!("{}/_sim/faults", world.url);
    let rule = json!({"fault": {"lost": {"accepted": true}}, "count": 1});
    let set = world.client.post(&url).json(&rule).send().await.unwrap();
    let (status, answer) = read(set).await;
    assert_eq!(status, StatusCode::CREATED);
    world.try_send().await.expect_err("lost");
    let (_, list) = read(world.client.get(&url).send().await.unwrap()).await;
    assert_eq!(list[0]["struck"], 1);
    let one = format!("{url}/{}", answer["id"]);
    assert_eq!(
        world.client.delete(&one).send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.client.delete(&one).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let typo = json!({"fault": {"lost": {}}, "tims": 1});
    assert!(
        world
            .client
            .post(&url)
            .json(&typo)
            .send()
            .await
            .unwrap()
            .status()
            .is_client_error()
    );
}
