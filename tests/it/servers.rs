//! The servers and processes that other tests stand on do what they promise.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::support::{
    process::{API, MAINSTAY, Process, WORKER, command},
    servers::{PrivatePostgres, PrivateRedis, shared_postgres_url, shared_redis_url},
    wait::{free_port, wait_until},
};

async fn redis(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("the URL is one of Redis");
    client
        .get_multiplexed_async_connection()
        .await
        .expect("Redis takes connections")
}

#[tokio::test]
async fn the_shared_servers_answer() {
    let mut postgres = PgConnection::connect(&shared_postgres_url()).await.unwrap();
    let acknowledged: String = sqlx::query_scalar("SELECT current_setting('synchronous_commit')")
        .fetch_one(&mut postgres)
        .await
        .unwrap();
    assert_eq!(
        acknowledged, "on",
        "what PostgreSQL acknowledges must have left the process"
    );
    let pong: String = redis::cmd("PING")
        .query_async(&mut redis(&shared_redis_url()).await)
        .await
        .unwrap();
    assert_eq!(pong, "PONG");
}

#[tokio::test]
async fn a_private_postgres_keeps_its_data_and_its_url_across_a_restart() {
    let mut server = PrivatePostgres::start().await;
    let url = server.url().to_owned();
    let mut before = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (n BIGINT); INSERT INTO kept VALUES (7)")
        .execute(&mut before)
        .await
        .unwrap();

    server.stop().await;
    assert!(
        before.ping().await.is_err(),
        "a stopped PostgreSQL drops its connections"
    );
    assert!(
        PgConnection::connect(&url).await.is_err(),
        "a stopped PostgreSQL takes no connections"
    );

    server.restart().await;
    assert_eq!(server.url(), url);
    let mut after = PgConnection::connect(&url).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT n FROM kept")
        .fetch_one(&mut after)
        .await
        .unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn a_private_redis_keeps_its_keys_and_its_url_across_a_restart() {
    let mut server = PrivateRedis::start().await;
    let url = server.url().to_owned();
    let () = redis::cmd("SET")
        .arg("kept")
        .arg(7)
        .query_async(&mut redis(&url).await)
        .await
        .unwrap();

    server.stop().await;
    let stopped = redis::Client::open(url.as_str())
        .unwrap()
        .get_multiplexed_async_connection()
        .await;
    assert!(stopped.is_err(), "a stopped Redis takes no connections");

    server.restart().await;
    assert_eq!(server.url(), url);
    let kept: i64 = redis::cmd("GET")
        .arg("kept")
        .query_async(&mut redis(&url).await)
        .await
        .unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn flushing_a_private_redis_removes_its_keys() {
    let server = PrivateRedis::start().await;
    let mut connection = redis(server.url()).await;
    let () = redis::cmd("SET")
        .arg("lost")
        .arg(7)
        .query_async(&mut connection)
        .await
        .unwrap();
    server.flush_all().await;
    let keys: i64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn two_private_servers_of_a_kind_run_side_by_side() {
    let (postgres, other_postgres) = tokio::join!(PrivatePostgres::start(), PrivatePostgres::start());
    let (redis, other_redis) = tokio::join!(PrivateRedis::start(), PrivateRedis::start());
    assert_ne!(postgres.url(), other_postgres.url());
    assert_ne!(redis.url(), other_redis.url());
}

#[tokio::test]
#[should_panic(expected = "in vain: pigs fly")]
async fn waiting_in_vain_says_for_what() {
    wait_until(Duration::from_millis(20), "pigs fly", async || false).await;
}

#[test]
fn free_ports_are_handed_out_once() {
    assert_ne!(free_port(), free_port());
}

#[tokio::test]
async fn each_of_our_binaries_explains_itself() {
    for program in [API, WORKER, MAINSTAY] {
        let mut process = Process::spawn(command(program, &["--help"], &[]));
        assert_eq!(
            process.exit_code().await,
            Some(0),
            "{program} --help: {}",
            process.output()
        );
    }
}

#[tokio::test]
async fn a_process_sees_its_own_environment_and_is_ended_politely() {
    let script =
        "trap 'echo draining; exit 7' TERM; echo \"greeting=$GREETING cargo=$CARGO\"; while :; do sleep 0.01; done";
    let mut process = Process::spawn(command("sh", &["-c", script], &[("GREETING", "hello")]));
    assert_eq!(process.wait_for_line("greeting").await, "greeting=hello cargo=");
    assert_eq!(process.terminate().await, Some(7));
    process.wait_for_line("draining").await;
}

#[tokio::test]
async fn a_killed_process_is_gone_at_once() {
    let mut process = Process::spawn(command(
        "sh",
        &["-c", "trap '' TERM; echo up; while :; do sleep 0.01; done"],
        &[],
    ));
    process.wait_for_line("up").await;
    let entry = format!("/proc/{}", process.id());
    process.kill().await;
    assert!(!std::path::Path::new(&entry).exists());
}

#[tokio::test]
#[should_panic(expected = "sh ended while the test waited: sh writes a line with \"ready\"")]
async fn waiting_for_a_process_that_ended_fails_at_once() {
    Process::spawn(command("sh", &["-c", "echo no"], &[]))
        .wait_for_line("ready")
        .await;
}

#[tokio::test]
async fn a_process_is_live_once_its_health_check_answers_200() {
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let mut process = Process::spawn(command("sleep", &["60"], &[]));
    let serve = async {
        for answer in [
            "",
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    let watch = async {
        process.wait_for_port(port).await;
        process.wait_until_live(port).await;
    };
    tokio::time::timeout(Duration::from_secs(10), futures::future::join(serve, watch))
        .await
        .expect("both end");
}
