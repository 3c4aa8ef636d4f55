use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde::Deserialize;

use super::*;
use crate::{
    app::{App, Parts},
    clock::Clock,
    crypto::Signer,
    db::{Db, Scratch},
    directory::Directory,
    domain::RawEventId,
    inbound,
    intake::{Hints, Intake},
};

#[derive(Deserialize)]
struct Challenge {
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// A server of the barest kind: verifies, stores or forgets, and processes.
async fn serve(config: Config, stop: CancellationToken, keeps: bool) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url, 2).await?;
    let (clock, hints) = (Clock::default(), Hints::channel().0);
    let directory = Directory::new(db.clone(), config.keyring.clone(), &config.app_secrets);
    directory.refresh().await?;
    let (intake, drained) = Intake::start(db.clone(), clock.clone(), 64, hints, stop.clone());
    let intake = if keeps {
        intake
    } else {
        Intake::discarding(clock.clone())
    };
    let listener = tokio::net::TcpListener::bind(config.listen).await?;
    let app = App::new(Parts {
        config,
        clock,
        db,
        directory,
        intake,
        metrics: telemetry::install_metrics(),
    });
    let router = Router::new()
        .route("/webhooks/whatsapp", get(handshake).post(receive))
        .with_state(Arc::new(app.clone()));
    let stopped = stop.clone();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.cancelled().await });
    let worked = async {
        while !stop.is_cancelled() {
            process_waiting(&app).await?;
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    let (served, worked) = tokio::join!(server.into_future(), worked);
    drained.wait().await;
    served?;
    worked
}

async fn handshake(Query(asked): Query<Challenge>) -> String {
    asked.challenge
}

async fn receive(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers
        .get("x-hub-signature-256")
        .and_then(|header| header.to_str().ok());
    let signature = header.and_then(Signer::parse);
    let signed = signature.and_then(|signature| app.directory.current().signed_by(&body, &signature));
    match signed {
        None => StatusCode::FORBIDDEN,
        Some(by) if app.intake.store(body, by).await.is_ok() => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn process_waiting(app: &App) -> anyhow::Result<()> {
    const SQL: &str = "SELECT id FROM raw_events WHERE state = 'pending' ORDER BY id LIMIT 64";
    let waiting: Vec<(RawEventId,)> = app.db.reader().sql(SQL, ()).all().await?;
    let failures = inbound::process(app, &waiting.into_iter().map(|(id,)| id).collect::<Vec<_>>()).await;
    anyhow::ensure!(failures.is_empty(), "{failures:?}");
    Ok(())
}

fn args(scratch: &Scratch, rude: bool) -> Args {
    Args {
        rate: 200.0,
        customers: 5,
        rude,
        host: "127.0.0.1".to_owned(),
        port: 0,
        data: scratch.folder().join("demo"),
        lasting: Some(Duration::from_millis(1_500)),
        log: "warn".to_owned(),
    }
}

async fn played(scratch: &Scratch, rude: bool, keeps: bool) -> Summary {
    rustls::crypto::ring::default_provider().install_default().ok();
    let args = args(scratch, rude);
    let stage = Stage::set(&args).await.unwrap();
    let mut screen = Screen::new(true);
    play(&args, &stage, &mut screen, async |config, stop| {
        serve(config, stop, keeps).await
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn whatever_was_acknowledged_is_found_however_rude_the_traffic() {
    for rude in [false, true] {
        let scratch = Scratch::empty().await;
        let summary = played(&scratch, rude, true).await;
        assert_eq!(
            (summary.lost(), summary.waiting, summary.forged_accepted),
            (0, 0, 0),
            "{summary:?}"
        );
        assert_eq!(summary.webhooks.acknowledged, summary.webhooks.stored, "{summary:?}");
        assert!(
            summary.messages.stored > 0 && summary.statuses.stored > 0,
            "{summary:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_forgets_what_it_acknowledged_is_found_out() {
    let scratch = Scratch::empty().await;
    let summary = played(&scratch, false, false).await;
    assert!(summary.webhooks.acknowledged > 0 && summary.messages.acknowledged > 0);
    assert_eq!(summary.webhooks.lost, summary.webhooks.acknowledged);
    assert_eq!(summary.messages.lost, summary.messages.acknowledged);
}

#[tokio::test]
async fn a_second_start_goes_on_with_the_tenant_the_channel_and_the_key_of_the_first() {
    let scratch = Scratch::empty().await;
    let args = args(&scratch, false);
    let first = Stage::set(&args).await.unwrap();
    first.db.close().await;
    let second = Stage::set(&args).await.unwrap();
    assert_eq!(
        (first.tenant, first.channel, &first.api_key),
        (second.tenant, second.channel, &second.api_key)
    );
    second
        .db
        .sql("UPDATE api_keys SET revoked_at = created_at", ())
        .run()
        .await
        .unwrap();
    let third = Stage::set(&args).await.unwrap();
    assert_ne!(second.api_key, third.api_key);
}

#[tokio::test]
async fn secrets_that_belong_to_another_database_are_told_apart() {
    let scratch = Scratch::empty().await;
    let args = args(&scratch, false);
    Stage::set(&args).await.unwrap();
    std::fs::remove_file(args.data.join("demo.json")).unwrap();
    let refused = Stage::set(&args).await.err().unwrap().to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
}
