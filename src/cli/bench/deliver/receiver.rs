//! Receivers that do as little work as possible, since they run on the machine they measure.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::LocalSet,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
/// Buffer size for one request.
const REQUEST: usize = 16_384;

/// All receivers, each on a port of its own, on one thread that ends with the program.
pub(crate) struct Receivers {
    pub addresses: Vec<SocketAddr>,
    each: Arc<Vec<Receiver>>,
    /// Arrival time of the first byte of a timed request, by the id of its event.
    arrival: Arc<Mutex<HashMap<String, Instant>>>,
}

#[derive(Default)]
struct Receiver {
    taken: AtomicUsize,
    hangs: AtomicBool,
}

impl Receivers {
    pub fn start(count: usize) -> anyhow::Result<Self> {
        let mut listeners = Vec::new();
        for _ in 0..count {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            listener.set_nonblocking(true)?;
            listeners.push(listener);
        }
        let addresses = listeners
            .iter()
            .map(std::net::TcpListener::local_addr)
            .collect::<Result<_, _>>()?;
        let each: Arc<Vec<Receiver>> = Arc::new((0..count).map(|_| Receiver::default()).collect());
        let arrival = Arc::default();
        let (serving, noting) = (each.clone(), Arc::clone(&arrival));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("receivers".to_owned())
            .spawn(move || {
                LocalSet::new().block_on(&runtime, async move {
                    let listening = listeners.into_iter().enumerate();
                    let listening =
                        listening.map(|(n, listener)| listen(n, listener, serving.clone(), Arc::clone(&noting)));
                    futures::future::join_all(listening).await;
                });
            })?;
        Ok(Self {
            addresses,
            each,
            arrival,
        })
    }

    /// Lets a receiver accept requests without answering from now on.
    pub fn hang(&self, receiver: usize) {
        self.each[receiver].hangs.store(true, Ordering::Relaxed);
    }

    /// Returns the number of requests answered by all receivers but the first `from`.
    pub fn taken(&self, from: usize) -> usize {
        self.each[from..]
            .iter()
            .map(|it| it.taken.load(Ordering::Relaxed))
            .sum()
    }

    /// Waits for the event with this id, and returns its arrival time.
    pub(crate) async fn arrival(&self, id: &str, patience: Duration) -> anyhow::Result<Instant> {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.arrival.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
                return Ok(at);
            }
            ensure!(begun.elapsed() < patience, "an event did not come within {patience:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn listen(
    number: usize,
    listener: std::net::TcpListener,
    each: Arc<Vec<Receiver>>,
    arrival: Arc<Mutex<HashMap<String, Instant>>>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        let (each, arrival) = (each.clone(), arrival.clone());
        tokio::task::spawn_local(async move { drop(serve(stream, &each[number], &arrival).await) });
    }
}

async fn serve(
    mut stream: TcpStream,
    receiver: &Receiver,
    arrival: &Mutex<HashMap<String, Instant>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(REQUEST);
    loop {
        let mut first = None;
        let length = loop {
            if let Some(length) = whole(&buffer) {
                break length;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            first.get_or_insert_with(Instant::now);
        };
        if receiver.hangs.load(Ordering::Relaxed) {
            return stream.read_buf(&mut buffer).await.map(drop);
        }
        if is_timed(&buffer[..length])
            && let (Some(id), Some(at)) = (header(&buffer, b"webhook-id: "), first)
        {
            arrival.lock().unwrap_or_else(PoisonError::into_inner).insert(id, at);
        }
        buffer.drain(..length);
        receiver.taken.fetch_add(1, Ordering::Relaxed);
        stream.write_all(ANSWER).await?;
    }
}

/// Returns whether the arrival of the request is timed.
fn is_timed(request: &[u8]) -> bool {
    let kind = format!(r#"{{"type":"{}""#, super::setup::TIMED.name);
    request.windows(kind.len()).any(|it| it == kind.as_bytes())
}

/// Returns the length of the first request if it is complete.
fn whole(buffer: &[u8]) -> Option<usize> {
    let head = find(buffer, b"\r\n\r\n")? + 4;
    let length = header(&buffer[..head], b"content-length: ")?.parse::<usize>().ok()?;
    (buffer.len() >= head + length).then_some(head + length)
}

fn header(buffer: &[u8], name: &[u8]) -> Option<String> {
    let from = find(buffer, name)? + name.len();
    let length = buffer[from..].iter().position(|byte| *byte == b'\r')?;
    Some(String::from_utf8_lossy(&buffer[from..from + length]).into_owned())
}

fn find(buffer: &[u8], what: &[u8]) -> Option<usize> {
    buffer.windows(what.len()).position(|it| it == what)
}
