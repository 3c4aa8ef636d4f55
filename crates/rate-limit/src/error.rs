/// The limiter is unavailable. Nothing may be sent; the caller retries a little later, and no attempt is counted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the rate limiter is unavailable: {0}")]
    Unavailable(#[from] mainstay_queue::Error),
}
