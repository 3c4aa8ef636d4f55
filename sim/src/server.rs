//! HTTP/1.1, with one thing ordinary servers lack: an answer can be lost on purpose.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceExt;

use crate::graph::Lost;

/// Serves until the listener fails for good. Connections end with the future.
pub(crate) async fn serve(listener: TcpListener, router: Router) -> io::Result<Infallible> {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                stream.set_nodelay(true).ok();
                connections.spawn(converse(stream, router.clone()));
            }
            // One caller gave up, or too many files are open for the moment; both pass.
            Err(error) if is_passing(&error) => sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(error),
        }
        while connections.try_join_next().is_some() {}
    }
}

fn is_passing(error: &io::Error) -> bool {
    const TOO_MANY_FILES: [i32; 2] = [23, 24];
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    ) || error.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code))
}

async fn converse(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            match answer.await {
                Ok(answer) => kept(answer),
                Err(never) => match never {},
            }
        }
    });
    // Whoever hangs up does not undo what was asked: as at Meta, a request that arrived whole is carried out.
    let connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}

/// An error here makes hyper close the connection without a word.
fn kept(answer: Response) -> Result<Response, AnswerLost> {
    match answer.extensions().get::<Lost>() {
        None => Ok(answer),
        Some(Lost) => Err(AnswerLost),
    }
}

#[derive(Debug)]
struct AnswerLost;

impl fmt::Display for AnswerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer was lost on purpose")
    }
}

impl std::error::Error for AnswerLost {}
