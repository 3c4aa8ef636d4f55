//! Futures that are stopped at any of their awaits.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that is polled a number of times and then held, or dropped: `None` is that it has not ended. Give `&mut` of one to hold it.
pub struct Polled<F> {
    pub of: F,
    pub left: usize,
}

impl<F: Future + Unpin> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Pin::new(&mut self.of).poll(context).map(Some)
    }
}

/// Numbers below 97 that look random and are the same each time.
pub fn numbers() -> impl Iterator<Item = usize> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 97).unwrap()
    })
}
