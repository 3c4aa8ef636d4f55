//! A server that reads requests and then does as it was told, by hand, since no server library is as rude.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens to a request, or to a connection.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Reads the request, answers, keeps the connection.
    Answer(u16, String),
    /// The same, and closes the connection.
    AnswerAndClose(u16, String),
    /// Reads the request, writes these bytes and closes.
    Write(Vec<u8>),
    /// Reads the request, writes these bytes and then nothing more.
    WriteAndHang(Vec<u8>),
    /// Reads the request and closes.
    Close,
    /// Reads the request and resets the connection.
    Reset,
    /// Reads the request and says nothing.
    Hang,
    /// Reads the head of the request only, and closes.
    CloseAtHead,
    /// Closes the connection before anything was read.
    CloseUnread,
}

/// What was read of a request before something happened.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: String,
}

pub struct Rude {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Rude {
    /// Treats one request after another as told, and the rest like the last one.
    pub async fn start(manners: impl IntoIterator<Item = Manner>) -> Self {
        let manners: VecDeque<Manner> = manners.into_iter().collect();
        let script = Arc::new(Mutex::new(manners));
        Self::choosing(move || {
            let mut script = script.lock().unwrap();
            let next = script.front().cloned().expect("there is a manner");
            if script.len() > 1 {
                script.pop_front();
            }
            next
        })
        .await
    }

    pub async fn choosing(choose: impl Fn() -> Manner + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, connections) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicUsize>::default());
        let (seeing, counting) = (seen.clone(), connections.clone());
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counting.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, choose.clone(), seeing.clone()));
            }
        });
        Self {
            url,
            seen,
            connections,
            listening,
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Rude {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, choose: impl Fn() -> Manner, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut pending = Vec::new();
    // A connection that carries nothing, such as one kept in reserve, uses up no manner.
    while !closed(&stream).await {
        let manner = choose();
        if let Manner::CloseUnread = manner {
            return;
        }
        let Some((head, rest)) = head(&mut stream, &mut pending).await else {
            return;
        };
        if let Manner::CloseAtHead = manner {
            let body = String::from_utf8_lossy(&rest).into_owned();
            return seen.lock().unwrap().push(Seen { head, body });
        }
        let Some(body) = body(&mut stream, &head, rest).await else {
            return;
        };
        seen.lock().unwrap().push(Seen { head, body });
        match manner {
            Manner::Answer(status, body) => {
                if stream.write_all(&answer(status, &body)).await.is_err() {
                    return;
                }
            }
            Manner::AnswerAndClose(status, body) => {
                stream.write_all(&answer(status, &body)).await.ok();
                return;
            }
            Manner::Write(bytes) => {
                stream.write_all(&bytes).await.ok();
                return;
            }
            Manner::WriteAndHang(bytes) => {
                stream.write_all(&bytes).await.ok();
                stream.read_to_end(&mut Vec::new()).await.ok();
                return;
            }
            Manner::Reset => {
                stream.set_zero_linger().ok();
                return;
            }
            Manner::Hang => {
                stream.read_to_end(&mut Vec::new()).await.ok();
                return;
            }
            Manner::Close | Manner::CloseAtHead | Manner::CloseUnread => return,
        }
    }
}

async fn closed(stream: &TcpStream) -> bool {
    matches!(stream.peek(&mut [0]).await, Ok(0) | Err(_))
}

/// The text up to the empty line, and what was read beyond it.
async fn head(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = pending.windows(4).position(|it| it == b"\r\n\r\n") {
            let rest = pending.split_off(end + 4);
            let head = String::from_utf8(std::mem::take(pending)).ok()?;
            return Some((head, rest));
        }
        if stream.read_buf(pending).await.ok()? == 0 {
            return None;
        }
    }
}

async fn body(stream: &mut TcpStream, head: &str, mut body: Vec<u8>) -> Option<String> {
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(body).ok()
}

pub fn answer(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Because\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Accepts connections and says nothing to them.
pub struct Silent {
    pub address: std::net::SocketAddr,
    accepting: JoinHandle<()>,
}

impl Silent {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                kept.push(stream);
            }
        });
        Self { address, accepting }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// How much longer than asked a call may take here before it counts as not heeding its time-out.
pub const SLACK: Duration = Duration::from_secs(5);
