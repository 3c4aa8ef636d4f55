use axum::body::{Body, HttpBody};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http::{BODY_BYTES, problem::Problem};

/// The longest body of a batch, in bytes: 1,000 texts of 4,096 characters that take up to four bytes each, or six as `\u0434`, and what
/// stands around them.
pub const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// What the batches under way may bring together, in MiB, those of ordinary length aside. In memory each takes some six times its length.
const TOGETHER: usize = 64;
const MIB: u64 = 1024 * 1024;

/// Room for batches that are longer than other requests may be.
pub struct Batches(Semaphore);

impl Default for Batches {
    fn default() -> Self {
        Self(Semaphore::new(TOGETHER))
    }
}

impl Batches {
    /// Room for this body, as long as it is said to be.
    pub fn enter(&self, body: &Body) -> Result<Option<SemaphorePermit<'_>>, Problem> {
        let length = body.size_hint().upper().unwrap_or(BATCH_BYTES as u64);
        if length <= BODY_BYTES as u64 {
            return Ok(None);
        }
        let units = length.min(BATCH_BYTES as u64).div_ceil(MIB);
        let room = self.0.try_acquire_many(u32::try_from(units).unwrap_or(u32::MAX));
        room.map(Some).map_err(|_| {
            metrics::counter!("mainstay_long_batches_shed_total").increment(1);
            let detail = format!(
                "The long batches under way have {TOGETHER} MiB together, which is all that is taken at once. Try again, or send \
                 shorter ones: up to {BODY_BYTES} bytes there is always room."
            );
            let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "busy", "Try again later", detail).retry_after(2)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_batches_wait_for_each_other_and_ordinary_ones_for_nobody() {
        let (batches, long) = (Batches::default(), || Body::from(vec![b' '; BATCH_BYTES - 1]));
        let held: Vec<_> = (0..2).map(|_| batches.enter(&long()).unwrap()).collect();
        assert!(held.iter().all(Option::is_some));
        let full = batches.enter(&long()).unwrap_err();
        assert_eq!(serde_json::to_value(full.body()).unwrap()["status"], 503);
        assert!(batches.enter(&Body::from(vec![b' '; BODY_BYTES])).unwrap().is_none());
        let unsaid = || Body::from_stream(futures::stream::empty::<Result<bytes::Bytes, std::io::Error>>());
        assert!(batches.enter(&unsaid()).is_err(), "it may be as long as any");
        drop(held);
        assert!(batches.enter(&unsaid()).unwrap().is_some());
    }
}
