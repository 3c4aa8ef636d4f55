/// Why a queue could not be told or asked. The rows are safe: what was not queued is found by the sweep.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("Redis did not answer within {} ms", .0.as_millis())]
    TimedOut(std::time::Duration),
    /// It failed a moment ago and is not asked again so soon, so that nobody has to wait for the same failure.
    #[error("Redis is down and will be asked again in a moment")]
    Down,
}
