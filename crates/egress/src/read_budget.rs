//! Byte limits on the reads of a connection.

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

/// Bytes that a connection may read before a response: the TLS handshake, interim responses (hyper skips any number of them) and the head.
pub const HEAD_BUDGET: u64 = 256 * 1024;

/// The number of bytes that a connection may still read, counted below TLS. Beyond it the connection fails.
///
/// A connection begins with [`HEAD_BUDGET`]. The head of a response sets the budget of its body; the end of the body resets it to
/// [`HEAD_BUDGET`] for the next request on the connection.
#[derive(Clone, Debug)]
pub struct ReadBudget(Arc<AtomicU64>);

impl ReadBudget {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(HEAD_BUDGET)))
    }

    pub fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// Sets the budget for a body of at most `max` bytes: a quarter more for chunk sizes and TLS records, and what is read ahead.
    pub fn set_for_body(&self, max: u64) {
        self.set(max.saturating_add(max / 4).saturating_add(HEAD_BUDGET));
    }

    fn is_exhausted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self, bytes: usize) {
        let less = |left: u64| Some(left.saturating_sub(bytes as u64));
        // Never fails: `less` always returns a value.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// The error of a connection whose [`ReadBudget`] is exhausted.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more bytes received than a response may have")]
pub struct BudgetExhausted;

/// A stream whose reads count against a [`ReadBudget`].
#[derive(Debug)]
pub struct MeteredStream<S> {
    stream: S,
    budget: ReadBudget,
}

impl<S> MeteredStream<S> {
    pub fn new(stream: S, budget: ReadBudget) -> Self {
        Self { stream, budget }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.budget.is_exhausted() {
            return Poll::Ready(Err(io::Error::other(BudgetExhausted)));
        }
        let before = to.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, to))?;
        self.budget.take(to.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
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
    async fn a_connection_is_read_until_its_budget_is_exhausted() {
        let budget = ReadBudget::new();
        budget.set(10);
        let mut metered = MeteredStream::new(tokio::io::repeat(b'x'), budget.clone());
        metered.read_exact(&mut [0; 10]).await.unwrap();
        let error = metered.read(&mut [0; 10]).await.unwrap_err();
        assert!(
            error.get_ref().is_some_and(|inner| inner.is::<BudgetExhausted>()),
            "{error}"
        );
        budget.set_for_body(100);
        metered.read_exact(&mut [0; 100]).await.unwrap();
    }
}
