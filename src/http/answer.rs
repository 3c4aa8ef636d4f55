//! Charges long response bodies to the request memory until the client has read them: a slow reader keeps a long answer in memory.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, SizeHint};

use super::problem::Problem;
use crate::memory::{RequestMemory, Reservation};

/// Size in bytes from which a response body is charged.
const CHARGED_FROM: u64 = 64 * 1_024;
/// Bytes handed to the connection at a time. What the connection has taken over is no longer charged, so it gets no more than it can write.
const PIECE: usize = 64 * 1_024;

/// Reserves request memory for a response body of [`CHARGED_FROM`] bytes or more. Streamed bodies, of unknown length, are not in memory.
///
/// # Errors
/// Fails while the memory budget has no room. The request itself has been carried out by then.
pub(crate) fn charge_response(response: Response, memory: &RequestMemory) -> Result<Response, Problem> {
    let length = response.body().size_hint().exact().unwrap_or_default();
    if length < CHARGED_FROM {
        return Ok(response);
    }
    let reservation = memory.reserve(usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(response.map(|body| {
        Body::new(ChargedBody {
            body,
            rest: Bytes::new(),
            _reservation: reservation,
        })
    }))
}

/// A response body with the reservation for its bytes.
struct ChargedBody {
    body: Body,
    /// The bytes of the current frame that are not handed out yet.
    rest: Bytes,
    _reservation: Reservation,
}

impl HttpBody for ChargedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.body.size_hint().exact().unwrap_or_default();
        SizeHint::with_exact(left + self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::MemoryBudget;

    #[tokio::test]
    async fn a_long_answer_is_charged_until_it_is_taken_and_refused_where_there_is_no_room() {
        const LENGTH: usize = 100_000;
        let budget = Arc::new(MemoryBudget::new(1_000_000));
        let memory = RequestMemory::new(budget.clone());
        let long = || Response::new(Body::from(vec![0; LENGTH]));
        let free = budget.free();
        let held = charge_response(long(), &memory).unwrap();
        assert_eq!(budget.free(), free - LENGTH);
        let more: Vec<_> = (0..20).map(|_| charge_response(long(), &memory)).collect();
        assert!(more.iter().any(Result::is_err), "a share is a quarter");
        assert!(charge_response(Response::new(Body::from("short")), &memory).is_ok());
        drop(more);
        let mut body = held.into_body();
        assert_eq!(body.size_hint().exact(), Some(LENGTH as u64));
        let mut lengths = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            assert_eq!(budget.free(), free - LENGTH, "until the last is taken");
            lengths.push(frame.unwrap().into_data().unwrap().len());
        }
        assert_eq!(lengths, [PIECE, LENGTH - PIECE]);
        drop(body);
        assert_eq!(budget.free(), free);
    }
}
