//! HTTP/1.1 on one connection.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

use super::{connection::Connection, registry::Admitted, stream::Watched};
use crate::http;

/// Bytes of a head, at most, and of a connection's read buffer. A longer head is answered 431.
const HEAD_BYTES: usize = 16 * 1024;

/// Answers requests, one after the other, until the client ends, has used up its time, or the process ends.
pub async fn serve(stream: TcpStream, peer: std::net::IpAddr, admitted: Admitted, router: Router) {
    // Answers are small; waiting to fill a packet would only add latency.
    let _ = stream.set_nodelay(true);
    let connection = admitted.connection.clone();
    let watched = Watched::new(stream, connection.clone());
    let service = {
        let connection = connection.clone();
        service_fn(move |request| answer(router.clone(), connection.clone(), peer, request))
    };
    let serving = http1::Builder::new()
        // The sweep sees to time: no timer per request.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(watched), service);
    let mut serving = std::pin::pin!(serving);
    // How it ended is the client's matter: what is lost is asked for again.
    tokio::select! {
        biased;
        _ = serving.as_mut() => return,
        () = connection.ending.notified() => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

async fn answer(
    mut router: Router,
    connection: Arc<Connection>,
    peer: std::net::IpAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Outgoing>, Infallible> {
    connection.begin();
    let path = request.uri().path();
    if connection.spare && !path.starts_with("/health/") {
        return Ok(last(outgoing(http::no_room(), connection)));
    }
    // Nothing on the path of a webhook asks for the address.
    if !path.starts_with("/webhooks/") {
        request.extensions_mut().insert(http::Peer(peer));
    }
    let request = request.map(|body| Arriving::new(body, &connection));
    let Ok(response) = router.call(request).await;
    Ok(match connection.spare {
        true => last(outgoing(response, connection)),
        false => outgoing(response, connection),
    })
}

fn outgoing(response: Response<Body>, connection: Arc<Connection>) -> Response<Outgoing> {
    response.map(|body| Outgoing { body, connection })
}

fn last(mut response: Response<Outgoing>) -> Response<Outgoing> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// The body of a request; notes while it is waited for.
struct Arriving {
    body: Incoming,
    /// `None` when there is nothing to wait for.
    connection: Option<Arc<Connection>>,
}

impl Arriving {
    fn new(body: Incoming, connection: &Arc<Connection>) -> Self {
        Self {
            connection: (!body.is_end_stream()).then(|| connection.clone()),
            body,
        }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(connection) = &self.connection {
            connection.await_body(polled.is_pending());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.await_body(false);
        }
    }
}

/// The body of an answer; notes when the last of it is taken.
struct Outgoing {
    body: Body,
    connection: Arc<Connection>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.connection.answered();
    }
}
