//! Calls of the API under test.

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::SendBench;

impl SendBench {
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(&request(path, &self.key, &body.to_string(), "close")).await
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = format!(
            "GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            self.key
        );
        self.ask(request.as_bytes()).await
    }

    async fn ask(&self, request: &[u8]) -> anyhow::Result<Value> {
        let mut stream = TcpStream::connect(self.api()?).await?;
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").context("half an answer")?;
        ensure!(head.starts_with("HTTP/1.1 2"), "{text}");
        Ok(serde_json::from_str(body)?)
    }
}

/// Builds a request to the API, as bytes.
pub fn request(path: &str, key: &str, body: &str, connection: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Connection: {connection}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
