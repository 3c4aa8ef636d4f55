//! Serves HTTP/1.1 on one connection.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use hyper::{
    Request, Response, Version,
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    header::{CONNECTION, EXPECT, HOST, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

use super::{
    connection::ClientConnection,
    registry::Admitted,
    request_body::{self, RequestBody},
    stream::MonitoredStream,
};
use crate::http;

/// Maximum bytes of a head, and size of a connection's read buffer. A longer head is answered 431.
const HEAD_BYTES: usize = 16 * 1024;

/// Answers requests one after the other, until the client disconnects, a limit is exceeded, or the process ends.
pub async fn serve(stream: TcpStream, peer: std::net::IpAddr, admitted: Admitted, router: Router) {
    // Answers are small; waiting to fill a packet would only add latency.
    let _ = stream.set_nodelay(true);
    let connection = admitted.connection.clone();
    let watched = MonitoredStream::new(stream, connection.clone());
    let service = {
        let connection = connection.clone();
        service_fn(move |request| answer(router.clone(), connection.clone(), peer, request))
    };
    let serving = http1::Builder::new()
        // The sweep enforces time limits: no timer per request.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(watched), service);
    let mut serving = std::pin::pin!(serving);
    // Errors are the client's: it repeats a lost request.
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
    connection: Arc<ClientConnection>,
    peer: std::net::IpAddr,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    connection.begin();
    let path = request.uri().path();
    if connection.spare && !path.starts_with("/health/") {
        return Ok(with_connection_close(into_response(http::no_room(), connection)));
    }
    if !names_one_host(&request) {
        return Ok(with_connection_close(into_response(http::no_host(), connection)));
    }
    // The webhook route does not use the address.
    if !path.starts_with("/webhooks/") {
        request.extensions_mut().insert(http::Peer(peer));
    }
    // With `Expect: 100-continue` an unread body has not been sent.
    let is_awaited = request.headers().contains_key(EXPECT);
    let request = request.map(|body| RequestBody::new(body, &connection));
    let Ok(response) = router.call(request).await;
    let is_read = match connection.take_unread() {
        None => true,
        Some(body) => !is_awaited && request_body::discard(body).await,
    };
    Ok(match connection.spare || !is_read {
        true => with_connection_close(into_response(response, connection)),
        false => into_response(response, connection),
    })
}

/// Returns whether the request has a valid number of `Host` headers (RFC 9112 §3.2): one in HTTP/1.1, at most one before.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    (hosts.next().is_some() || request.version() < Version::HTTP_11) && hosts.next().is_none()
}

fn into_response(response: Response<Body>, connection: Arc<ClientConnection>) -> Response<ResponseBody> {
    response.map(|body| ResponseBody { body, connection })
}

fn with_connection_close(mut response: Response<ResponseBody>) -> Response<ResponseBody> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// The body of an answer; records when it has been taken over completely.
struct ResponseBody {
    body: Body,
    connection: Arc<ClientConnection>,
}

impl HttpBody for ResponseBody {
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

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.connection.answered();
    }
}
