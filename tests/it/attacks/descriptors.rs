//! A process that may open few files.

use std::collections::BTreeSet;

use mainstay_test_macros::both_sizes;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::server::{DEADLINE, rest};
use crate::{
    faults::Client,
    support::{deployment::Deployment, wait::wait_until},
};

const FEW: [&str; 3] = ["sh", "-c", "ulimit -n 256; exec \"$0\" \"$@\""];

async fn half_heads(port: u16, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // Closed already, perhaps.
        let _ = stream.write_all(b"POST /webhooks/whatsapp HTTP/1.1\r\nHost:").await;
        held.push(stream);
    }
    held
}

#[both_sizes]
async fn half_heads_stop_nobody(mut deployment: Deployment) {
    deployment.start_api_in(&FEW).await;
    let held = half_heads(deployment.port, 300).await;
    let client = Client::of(&deployment);
    let began = tokio::time::Instant::now();
    assert_eq!(client.get("/health/live").await.status, 200);
    assert_eq!(client.post_webhook().await.status, 200);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    let output = deployment.take_api().output();
    assert!(
        output.contains("the limit of open files (ulimit -n) permits fewer"),
        "{output}"
    );
    assert!(
        output.contains("connections that wait for their clients are closed"),
        "{output}"
    );
    drop(held);
}

fn open_files(process: u32) -> BTreeSet<u32> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).expect("the process runs");
    files
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// The limit falls to what is open: not one more file can be opened.
#[tokio::test]
async fn without_descriptors_health_is_answered_and_it_is_logged() {
    let mut deployment = Deployment::embedded().await;
    deployment.start_api().await;
    let before = open_files(deployment.api_id()).len();
    // They take the lowest numbers that are free, so that none below the next one is.
    let held = half_heads(deployment.port, 40).await;
    wait_until(DEADLINE, "all are accepted", async || {
        open_files(deployment.api_id()).len() >= before + 40
    })
    .await;
    let limit = |files: &str| {
        let limits = [format!("--pid={}", deployment.api_id()), format!("--nofile={files}")];
        let limited = std::process::Command::new("prlimit").args(limits).output();
        assert!(limited.expect("util-linux has prlimit").status.success());
    };
    let open = open_files(deployment.api_id());
    let free = (0..).find(|number| !open.contains(number)).expect("numbers do not end");
    limit(&format!("{free}:1024"));
    let more = half_heads(deployment.port, 5).await;
    let client = Client::of(&deployment);
    // Some connections are spent on finding out; a probe asks again as well.
    wait_until(DEADLINE, "health is answered", async || {
        let mut stream = TcpStream::connect(("127.0.0.1", deployment.port)).await.unwrap();
        let _ = stream
            .write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        rest(&mut stream).await.starts_with("HTTP/1.1 200 ")
    })
    .await;
    limit("1024:1024");
    wait_until(DEADLINE, "webhooks are stored", async || {
        client.try_webhook().await == Some(200)
    })
    .await;
    let metrics = deployment.url("/metrics");
    let metrics = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("mainstay_accept_failures_total{reason=\"descriptors\"}"),
        "{metrics}"
    );
    let output = deployment.take_api().output();
    assert!(output.contains("connections cannot be accepted"), "{output}");
    drop((held, more));
}
