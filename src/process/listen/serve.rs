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
    arriving::{self, Arriving},
    connection::Connection,
    registry::Admitted,
    stream::Watched,
};
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
    if !names_one_host(&request) {
        return Ok(last(outgoing(http::no_host(), connection)));
    }
    // Nothing on the path of a webhook asks for the address.
    if !path.starts_with("/webhooks/") {
        request.extensions_mut().insert(http::Peer(peer));
    }
    // Who waits to be asked for the body has not sent it.
    let is_awaited = request.headers().contains_key(EXPECT);
    let request = request.map(|body| Arriving::new(body, &connection));
    let Ok(response) = router.call(request).await;
    let is_read = match connection.take_unread() {
        None => true,
        Some(body) => !is_awaited && arriving::discard(body).await,
    };
    Ok(match connection.spare || !is_read {
        true => last(outgoing(response, connection)),
        false => outgoing(response, connection),
    })
}

/// RFC 9112 §3.2: a request of HTTP/1.1 has one `Host`, an older one at most one.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    (hosts.next().is_some() || request.version() < Version::HTTP_11) && hosts.next().is_none()
}

fn outgoing(response: Response<Body>, connection: Arc<Connection>) -> Response<Outgoing> {
    response.map(|body| Outgoing { body, connection })
}

fn last(mut response: Response<Outgoing>) -> Response<Outgoing> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
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
