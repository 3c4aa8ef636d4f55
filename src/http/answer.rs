//! Answers are charged to the memory of requests until their clients have taken them: one who reads slowly keeps a long answer in memory.

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

/// Bytes from which an answer is charged.
const LONG: u64 = 64 * 1_024;
/// Bytes that are handed to the connection at a time. What it has taken over is no longer charged, so it gets no more than it can write.
const PIECE: usize = 64 * 1_024;

/// Charges the answer, if it is long, and its length is known: what is streamed is not in memory.
///
/// # Errors
/// While there is no room for it. Whatever the request did is done.
pub fn charged(response: Response, memory: &RequestMemory) -> Result<Response, Problem> {
    let length = response.body().size_hint().exact().unwrap_or_default();
    if length < LONG {
        return Ok(response);
    }
    let reservation = memory.reserve(usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(response.map(|body| {
        Body::new(Charged {
            body,
            rest: Bytes::new(),
            _reservation: reservation,
        })
    }))
}

/// A body, and the bytes that are charged for it.
struct Charged {
    body: Body,
    /// Of what the body has yielded.
    rest: Bytes,
    _reservation: Reservation,
}

impl HttpBody for Charged {
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
        let held = charged(long(), &memory).unwrap();
        assert_eq!(budget.free(), free - LENGTH);
        let more: Vec<_> = (0..20).map(|_| charged(long(), &memory)).collect();
        assert!(more.iter().any(Result::is_err), "a share is a quarter");
        assert!(charged(Response::new(Body::from("short")), &memory).is_ok());
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
