//! Processing: stored webhooks to visible messages.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Options,
    child::{Server, database_url},
    latency::{Latencies, Quantiles},
    prefill, server,
    webhook::{SECRET, body, request},
};
use crate::{
    crypto::Signer,
    db::Db,
    inbound::INBOUND,
    queue::counts,
    records::raw_events::{self, NewRawEvent},
    tenancy::TenantService,
};

/// The measurements.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    messages: usize,
    customers: usize,
    conversations_before: i64,
    messages_per_second: f64,
    /// Latency from the answer to Meta until the message is readable, one at a time.
    queue_to_done: Quantiles,
    peak_memory_mb: f64,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut config = server::config()?;
    config.database_url = database_url(&config.database_url, &options.data)?;
    let registry = server::prepare(&config).await?;
    prefill::run(&registry, options.prefill).await?;
    store(&registry, options.messages as u64, options.customers).await?;

    let worker = Server::start(&config.database_url, &["--worker"]).await?;
    let messages_per_second = drain(&registry.db, options.messages as i64).await?;
    let peak_memory_mb = worker.peak_memory_mb().context("the worker's memory cannot be read")?;
    worker.stop().await?;

    let both = Server::start(&config.database_url, &["--api", "--worker"]).await?;
    let queue_to_done = idle(&both, &registry.db, options).await?;
    both.stop().await?;
    Ok(Report {
        database: server::size(config.is_postgres()),
        messages: options.messages,
        customers: options.customers,
        conversations_before: options.prefill,
        messages_per_second,
        queue_to_done,
        peak_memory_mb,
    })
}

/// Stores webhooks as intake would.
async fn store(registry: &TenantService, messages: u64, customers: usize) -> anyhow::Result<()> {
    let numbers: Vec<u64> = (0..messages).collect();
    for chunk in numbers.chunks(1_000) {
        let event = |n: &u64| {
            let body = Bytes::from(body(*n, customers));
            let (id, received_at) = (registry.clock.new_id(), registry.clock.now());
            NewRawEvent {
                id,
                received_at,
                signer: None,
                app_secret: None,
                digest: [0; 32],
                body,
            }
        };
        raw_events::insert(&registry.db, &chunk.iter().map(event).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Waits until `messages` are done; returns the rate from the first tenth on, so that startup does not count.
pub async fn drain(db: &Db, messages: i64) -> anyhow::Result<f64> {
    let deadline = Instant::now() + Duration::from_secs(600);
    let mut tenth = None;
    let begin = Instant::now();
    loop {
        let done = counts::totals(db, &INBOUND).await?.done;
        if done >= messages / 10 && tenth.is_none() {
            tenth = Some((Instant::now(), done));
        }
        if done >= messages {
            let (since, before) = tenth.unwrap_or((begin, 0));
            return Ok((done - before) as f64 / since.elapsed().as_secs_f64());
        }
        ensure!(
            Instant::now() < deadline,
            "only {done} of {messages} were processed in ten minutes"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sends one webhook after the other to an idle system.
async fn idle(server: &Server, db: &Db, options: &Options) -> anyhow::Result<Quantiles> {
    const ONES: u64 = 300;
    let mut stream = TcpStream::connect(server.address.context("the server does not listen")?).await?;
    stream.set_nodelay(true)?;
    let signer = Signer::new(SECRET);
    let mut latencies = Latencies::default();
    let mut answer = [0; 1_024];
    let mut done = counts::totals(db, &INBOUND).await?.done;
    for n in 0..ONES {
        stream
            .write_all(&request(&signer, options.messages as u64 + n, options.customers))
            .await?;
        let length = stream.read(&mut answer).await?;
        ensure!(
            answer[..length].starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&answer[..length])
        );
        let answered = Instant::now();
        done += 1;
        while counts::totals(db, &INBOUND).await?.done < done {
            ensure!(
                answered.elapsed() < Duration::from_secs(30),
                "a webhook was not processed within 30 seconds"
            );
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        latencies.add(answered.elapsed());
    }
    Ok(latencies.quantiles())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "processing on {}, {} conversations before",
            self.database, self.conversations_before
        )?;
        writeln!(
            f,
            "  {} text messages of {} customers: {:.0}/s",
            self.messages, self.customers, self.messages_per_second
        )?;
        writeln!(f, "  one on an idle system, answer to done: {}", self.queue_to_done)?;
        write!(f, "  worker memory: {:.0} MB at most", self.peak_memory_mb)
    }
}
