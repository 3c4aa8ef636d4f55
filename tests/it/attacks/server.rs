//! A process within the test, with real sockets, and raw connections to it.

use std::{net::SocketAddr, time::Duration};

use mainstay::{
    clock::Clock,
    config::{self, Config},
    process::{self, Roles, RunningProcess},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{app, databases::migrated_sqlite, folder::Folder};

pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Server {
    pub running: RunningProcess,
    pub address: SocketAddr,
    _folder: Folder,
}

impl Server {
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new("attacked");
        let mut config = app::config(&migrated_sqlite(&folder).await);
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.storage = config::StorageConfig::Folder(folder.path().join("media"));
        change(&mut config);
        let running = process::start(config, Roles::BOTH, Clock::default()).await.unwrap();
        Self {
            address: running.address.expect("it listens"),
            running,
            _folder: folder,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// What is answered to these bytes on a connection of their own, until the server closes it.
    pub async fn say(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        rest(&mut stream).await
    }

    pub async fn get(&self, path: &str) -> String {
        self.say(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .await
    }

    /// The value of a metric, 0 before it was ever counted. All processes of the tests count together.
    pub async fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.trim().parse().expect("a number"))
    }
}

/// What comes until the server closes the connection, in whatever way.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await;
    // A reset closes too.
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}
