/// An error of the queue driver. No job is lost: the sweep finds rows that were not pushed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("Redis did not answer within {} ms", .0.as_millis())]
    TimedOut(std::time::Duration),
    /// Redis failed less than 500 ms ago. The command was not sent, so that callers do not wait for the same failure.
    #[error("Redis is unavailable; the next attempt follows shortly")]
    Down,
}
