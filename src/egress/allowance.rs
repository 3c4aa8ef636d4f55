use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes a connection may read before there is an answer: the TLS handshake, interim responses (hyper skips any number of them) and the
/// head of the answer.
pub const BEFORE_ANSWER: u64 = 256 * 1024;

/// How many bytes a connection may still read, counted below TLS. Exceeding it ends the connection.
///
/// A connection begins with [`BEFORE_ANSWER`]. With the head of an answer comes what its body may take, and after the body
/// [`BEFORE_ANSWER`] again, for the next request on the same connection.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<AtomicU64>);

impl Allowance {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(BEFORE_ANSWER)))
    }

    pub fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// For a body of at most `most` bytes: a quarter more for chunk sizes and TLS records, and what is read ahead.
    pub fn set_for_body(&self, most: u64) {
        self.set(most.saturating_add(most / 4).saturating_add(BEFORE_ANSWER));
    }

    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self, bytes: usize) {
        let less = |left: u64| Some(left.saturating_sub(bytes as u64));
        // Never fails: `less` always has a value.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// The error of a connection whose [`Allowance`] is used up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more bytes were sent than an answer may have")]
pub struct UsedUp;

/// A stream whose reads count against an [`Allowance`].
#[derive(Debug)]
pub struct Metered<S> {
    stream: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub fn new(stream: S, allowance: Allowance) -> Self {
        Self { stream, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.allowance.is_used_up() {
            return Poll::Ready(Err(io::Error::other(UsedUp)));
        }
        let before = to.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, to))?;
        self.allowance.take(to.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_read_until_its_allowance_is_used_up() {
        let allowance = Allowance::new();
        allowance.set(10);
        let mut metered = Metered::new(tokio::io::repeat(b'x'), allowance.clone());
        metered.read_exact(&mut [0; 10]).await.unwrap();
        let error = metered.read(&mut [0; 10]).await.unwrap_err();
        assert!(error.get_ref().is_some_and(|inner| inner.is::<UsedUp>()), "{error}");
        allowance.set_for_body(100);
        metered.read_exact(&mut [0; 100]).await.unwrap();
    }
}
