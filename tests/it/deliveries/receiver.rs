//! A tenant's program on a socket of its own, which does as it is told: to a request it may answer anything, or nothing.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
    pub at: Instant,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// What is done about a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, headers, a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// After a while, the status.
    Late(Duration, u16),
    /// Nothing, for ever.
    Hang,
    /// 200, a byte at a time, and never the last.
    Dribble,
    /// Bytes that are no HTTP.
    Garbage,
    /// 200 and a gigabyte.
    Flood,
    /// The connection is closed without a word.
    Close,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Reply::Answer(status, Vec::new(), String::new())
    }
}

type Behaviour = Box<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

struct State {
    requests: Mutex<Vec<Request>>,
    behaviour: Mutex<Behaviour>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    written: AtomicUsize,
}

impl Receiver {
    /// Takes everything.
    pub async fn start() -> Self {
        Self::doing(|_, _| Reply::status(200)).await
    }

    /// Does as it is told with each request, given how many came before.
    pub async fn doing(behaviour: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            requests: Mutex::default(),
            behaviour: Mutex::new(Box::new(behaviour)),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
        });
        let serving = state.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = serving.clone();
                tokio::spawn(async move { drop(serve(stream, &state).await) });
            }
        });
        Self {
            address,
            state,
            serving,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn now_does(&self, behaviour: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) {
        *self.state.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.state.requests.lock().unwrap().len()
    }

    /// Requests at a time, at the most.
    pub fn most_under_way(&self) -> usize {
        self.state.most_under_way.load(Ordering::SeqCst)
    }

    /// Bytes that a flood got rid of.
    pub fn written(&self) -> usize {
        self.state.written.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await? {
        let before = {
            let mut requests = state.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let under_way = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_under_way.fetch_max(under_way, Ordering::SeqCst);
        let reply = (state.behaviour.lock().unwrap())(&request, before);
        let replied = answer(&mut stream, reply, state).await;
        state.under_way.fetch_sub(1, Ordering::SeqCst);
        if !replied? {
            return Ok(());
        }
    }
    Ok(())
}

/// Tells whether the connection goes on.
async fn answer(stream: &mut TcpStream, reply: Reply, state: &State) -> std::io::Result<bool> {
    match reply {
        Reply::Answer(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{text}\r\n{body}").as_bytes()).await?;
            return Ok(true);
        }
        Reply::Late(after, status) => {
            tokio::time::sleep(after).await;
            stream
                .write_all(format!("HTTP/1.1 {status} Late\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await?;
            return Ok(true);
        }
        Reply::Hang => drop(stream.read(&mut [0; 16]).await?),
        Reply::Dribble => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                .await?;
            loop {
                stream.write_all(b".").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Reply::Garbage => stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await?,
        Reply::Flood => {
            const GIGABYTE: usize = 1 << 30;
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n").as_bytes())
                .await?;
            let piece = vec![b'x'; 1 << 16];
            while state.written.load(Ordering::SeqCst) < GIGABYTE {
                stream.write_all(&piece).await?;
                state.written.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
        Reply::Close => {}
    }
    Ok(false)
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Request>> {
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
    let mut lines = text.lines();
    let path = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: HashMap<String, String> = lines.filter_map(header).collect();
    let length: usize = headers.get("content-length").map_or(0, |it| it.parse().unwrap());
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8(buffer[head..head + length].to_vec()).expect("bodies are text");
    buffer.drain(..head + length);
    Ok(Some(Request {
        path: path.to_owned(),
        headers,
        body,
        at: Instant::now(),
    }))
}
