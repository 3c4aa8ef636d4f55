//! What a send proves. `Unknown` is what keeps a customer from being written to twice, so it must come whenever the server
//! may have taken the message, and the client must never bring a message to a server a second time.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures::StreamExt;
use mainstay::{
    config::Secret,
    meta::graph::{GraphClient, SendOutcome, errors},
};
use serde_json::json;

use super::{
    PATIENCE, access, client,
    rude::{Manner, Rude, SLACK, Seen, Silent, answer},
    token,
};
use crate::support::wait::free_port;

const BODY: &str = r#"{"messaging_product":"whatsapp","to":"+16505551234","type":"text","text":{"body":"hello"}}"#;

fn accepted() -> String {
    json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": "+16505551234", "wa_id": "16505551234" }],
        "messages": [{ "id": "wamid.HBgLMTY1MDU1NTEyMzQ" }],
    })
    .to_string()
}

fn refused(code: i64) -> String {
    json!({ "error": { "message": format!("(#{code}) No"), "type": "OAuthException", "code": code } }).to_string()
}

async fn send(client: &GraphClient, body: &str) -> SendOutcome {
    let prepared = client.prepare_send(access(&token()), false, body.to_owned());
    client.send(prepared.unwrap()).await
}

fn outcome(sent: &SendOutcome) -> &'static str {
    match sent {
        SendOutcome::Accepted(_) => "accepted",
        SendOutcome::Rejected(_) => "rejected",
        SendOutcome::Unknown { .. } => "unknown",
        SendOutcome::Unreachable { .. } | SendOutcome::NotSent { .. } => "not sent",
    }
}

#[tokio::test]
async fn the_exact_body_goes_to_the_number_with_the_token() {
    let meta = Rude::start([Manner::Answer(200, accepted())]).await;
    let SendOutcome::Accepted(accepted) = send(&client(&meta.url), BODY).await else {
        panic!("not accepted");
    };
    assert_eq!(
        (accepted.wamid.as_str(), accepted.wa_id.as_deref()),
        ("wamid.HBgLMTY1MDU1NTEyMzQ", Some("16505551234"))
    );
    let [Seen { head, body }] = &meta.seen()[..] else {
        panic!("not one request");
    };
    let head = head.to_lowercase();
    assert!(
        head.starts_with("post /v25.0/106540352242922/messages http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nauthorization: bearer eaag-of-a-channel\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{head}");
    assert_eq!(body, BODY);
}

#[tokio::test]
async fn marketing_messages_have_a_door_of_their_own() {
    let meta = Rude::start([Manner::Answer(200, accepted())]).await;
    let client = client(&meta.url);
    let prepared = client.prepare_send(access(&token()), true, BODY.to_owned());
    let sent = client.send(prepared.unwrap()).await;
    assert_eq!(outcome(&sent), "accepted");
    assert!(
        meta.seen()[0]
            .head
            .starts_with("POST /v25.0/106540352242922/marketing_messages ")
    );
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let silent = Silent::start().await;
    let plain = Rude::start([Manner::Write(b"this is not TLS\r\n\r\n".to_vec())]).await;
    let bases = [
        nobody,
        "http://graph.invalid".to_owned(),
        plain.url.replace("http:", "https:"),
        format!("https://{}", silent.address),
    ];
    for base in bases {
        let began = Instant::now();
        let sent = send(&client(&base), BODY).await;
        assert!(matches!(sent, SendOutcome::Unreachable { .. }), "{base}: {sent:?}");
        assert!(began.elapsed() < PATIENCE + SLACK, "{base}");
    }
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn a_token_that_fits_no_header_is_not_sent() {
    let meta = Rude::start([Manner::Answer(200, accepted())]).await;
    let broken = Secret::new("EAAG\nof-two-lines");
    let prepared = client(&meta.url).prepare_send(access(&broken), false, BODY.to_owned());
    let Err(why) = prepared else { panic!("it was built") };
    assert!(!why.contains("EAAG"), "{why}");
    assert_eq!(meta.connections(), 0);
}

#[tokio::test]
async fn whatever_may_have_been_taken_is_unknown_and_was_brought_once() {
    let whole = answer(200, &accepted());
    let half = |bytes: usize| Manner::Write(whole[..bytes].to_vec());
    let head_only = whole.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let manners = [
        Manner::Close,
        Manner::Reset,
        Manner::Hang,
        Manner::CloseAtHead,
        half(10),
        half(head_only),
        half(whole.len() - 5),
        Manner::Write(b"\x16\x03\x01 garbage \0\xff".to_vec()),
        Manner::Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"mes".to_vec()),
        Manner::Answer(200, "<html>hello</html>".to_owned()),
        Manner::Answer(200, "{}".to_owned()),
        Manner::Answer(204, String::new()),
        Manner::Answer(302, String::new()),
        Manner::Answer(400, "<html>bad request</html>".to_owned()),
        Manner::Answer(429, String::new()),
        Manner::Answer(500, accepted()),
        Manner::Answer(500, refused(131_000)),
        Manner::Answer(503, refused(2)),
        Manner::Answer(400, refused(1)),
        Manner::Answer(502, "<html>bad gateway</html>".to_owned()),
        Manner::Answer(500, refused(100)),
        Manner::Answer(200, format!("{{\"x\":\"{}\"}}", "y".repeat(9 << 20))),
    ];
    for manner in manners {
        let shown = format!("{manner:?}").chars().take(80).collect::<String>();
        let meta = Rude::start([manner]).await;
        let began = Instant::now();
        let sent = send(&client(&meta.url), BODY).await;
        assert!(matches!(sent, SendOutcome::Unknown { .. }), "{shown}: {sent:?}");
        assert!(began.elapsed() < PATIENCE + SLACK, "{shown}");
        assert_eq!(meta.seen().len(), 1, "{shown}");
        assert_eq!(meta.connections(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_at_once_is_unknown_for_nobody_can_tell() {
    let meta = Rude::start([Manner::CloseUnread]).await;
    let sent = send(&client(&meta.url), BODY).await;
    assert!(matches!(sent, SendOutcome::Unknown { .. }), "{sent:?}");
    assert_eq!(meta.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Rude::start([Manner::Answer(200, accepted())]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            elsewhere.url
        );
        let meta = Rude::start([Manner::Write(location.into_bytes())]).await;
        assert_eq!(outcome(&send(&client(&meta.url), BODY).await), "unknown", "{status}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_request_on_a_kept_connection_that_dies_under_it_is_not_repeated() {
    for last in [Manner::Close, Manner::Reset, Manner::CloseAtHead] {
        let meta = Rude::start([Manner::Answer(200, accepted()), last.clone()]).await;
        let client = client(&meta.url);
        assert_eq!(outcome(&send(&client, BODY).await), "accepted");
        let sent = send(&client, BODY).await;
        assert!(matches!(sent, SendOutcome::Unknown { .. }), "{last:?}: {sent:?}");
        assert_eq!((meta.seen().len(), meta.connections()), (2, 1), "{last:?}");
    }
}

#[tokio::test]
async fn every_code_of_the_table_is_judged_by_its_class() {
    for entry in errors::all() {
        let code: i64 = entry.codes().to_string().split('-').next().unwrap().parse().unwrap();
        let meta = Rude::start([Manner::Answer(entry.http.unwrap_or(400), refused(code))]).await;
        match send(&client(&meta.url), BODY).await {
            SendOutcome::Rejected(error) => {
                assert_ne!(entry.class, errors::Class::Ambiguous, "{code}");
                assert_eq!((error.code, error.title.as_str()), (code, "No"));
            }
            SendOutcome::Unknown { error, .. } => {
                assert_eq!(entry.class, errors::Class::Ambiguous, "{code}");
                assert_eq!(error.map(|error| error.code), Some(code));
            }
            other => panic!("{code}: {other:?}"),
        }
    }
}

/// A thousand messages, sixteen at a time over kept connections, to a server that does anything at any time.
#[tokio::test]
async fn no_message_reaches_a_rude_server_twice_and_every_outcome_is_true() {
    const MESSAGES: usize = 1_000;
    let meta = Rude::choosing(|| match rand::random_range(0..20) {
        0 => Manner::Close,
        1 => Manner::Reset,
        2 => Manner::CloseAtHead,
        3 => Manner::CloseUnread,
        4 => Manner::Answer(400, refused(131_047)),
        5 => Manner::Answer(500, refused(131_000)),
        6 => Manner::AnswerAndClose(200, accepted()),
        7 => Manner::Write(answer(200, &accepted())[..40].to_vec()),
        _ => Manner::Answer(200, accepted()),
    })
    .await;
    let client = client(&meta.url);
    let sends = futures::stream::iter(0..MESSAGES).map(|number| {
        let client = client.clone();
        async move {
            let body = format!("message {number:04}");
            (body.clone(), send(&client, &body).await)
        }
    });
    let outcomes: Vec<(String, SendOutcome)> = sends.buffer_unordered(16).collect().await;
    let mut brought: HashMap<String, usize> = HashMap::new();
    for seen in meta.seen() {
        *brought.entry(seen.body).or_default() += 1;
    }
    let mut tally: HashMap<&str, usize> = HashMap::new();
    for (body, sent) in &outcomes {
        let times = brought.get(body).copied().unwrap_or(0);
        assert!(times <= 1, "{body} was brought {times} times");
        *tally.entry(outcome(sent)).or_default() += 1;
        match sent {
            SendOutcome::Accepted(_) | SendOutcome::Rejected(_) => assert_eq!(times, 1, "{body}: {sent:?}"),
            SendOutcome::Unreachable { .. } | SendOutcome::NotSent { .. } => assert_eq!(times, 0, "{body}: {sent:?}"),
            SendOutcome::Unknown { .. } => {}
        }
    }
    assert!(
        tally["accepted"] > MESSAGES / 4 && tally["unknown"] > 0 && tally["rejected"] > 0,
        "{tally:?}"
    );
}

#[tokio::test]
async fn a_slow_answer_within_the_time_is_an_answer() {
    let meta = axum::Router::new().fallback(|| async {
        tokio::time::sleep(PATIENCE / 3).await;
        accepted()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, meta).await });
    let client = GraphClient::new(&url, "v25.0", PATIENCE + Duration::from_secs(5)).unwrap();
    assert_eq!(outcome(&send(&client, BODY).await), "accepted");
    serving.abort();
}
