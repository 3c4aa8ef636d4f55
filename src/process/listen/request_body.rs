//! Request bodies. A body that is not read by the time its request is answered, e.g. of a rejected request, is drained: a client that is
//! still sending would find the connection reset and never see the answer. If the body is too long or too slow for that, the
//! answer says that the connection closes.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::future::poll_fn;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::connection::ClientConnection;

/// Maximum bytes of a body that are drained: the length of the longest JSON body accepted.
const MAX_DRAINED: u64 = 16 * 1_024 * 1_024;
/// Maximum time to drain a body.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The body of a request. Records when it is waited for, and leaves its unread rest to the connection.
pub(crate) struct RequestBody {
    /// `None` after its end.
    body: Option<Incoming>,
    connection: Arc<ClientConnection>,
}

impl RequestBody {
    pub fn new(body: Incoming, connection: &Arc<ClientConnection>) -> Self {
        Self {
            body: (!body.is_end_stream()).then_some(body),
            connection: connection.clone(),
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        self.connection.await_body(polled.is_pending());
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let ended = || SizeHint::with_exact(0);
        self.body.as_ref().map_or_else(ended, HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        self.connection.await_body(false);
        if !body.is_end_stream() {
            self.connection.leave_unread(body);
        }
    }
}

/// Drains a body. Returns false if it is too long or too slow.
pub async fn discard(mut body: Incoming) -> bool {
    if body.size_hint().lower() > MAX_DRAINED {
        return false;
    }
    let all = async {
        let mut left = MAX_DRAINED;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            let Some(rest) = left.checked_sub(length) else {
                return false;
            };
            left = rest;
        }
        true
    };
    tokio::time::timeout(DRAIN_TIMEOUT, all).await.unwrap_or(false)
}
