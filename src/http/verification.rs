//! Finds the app secret that signed a webhook. Each secret that is tried hashes the whole body, so large attempts run on blocking threads, a
//! bounded number at a time:
//!
//! 1. The likely secrets (of the phone number that the body names, and those that matched last): almost every genuine webhook ends here.
//! 2. All others, in a queue of their own: forgeries wait there for one another, and genuine webhooks do not wait for them.
//! 3. Secrets added since: the directory is read again, at most once a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use bytes::Bytes;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

use super::problem::Problem;
use crate::{
    app::App,
    directory::{SignedBy, Snapshot},
    domain::AppSecretId,
};

/// Minimum time between two reads of the directory for an unknown signature.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// Maximum bytes hashed on a runtime thread for one step of one webhook: some 0.2 ms.
const INLINE_BYTES: usize = 128 * 1024;
/// Concurrent large webhooks in the first step.
const LIKELY_AT_ONCE: usize = 2;
/// Concurrent webhooks in the second step.
const ALL_AT_ONCE: usize = 1;
/// Maximum number of webhooks waiting in each of the two queues.
const MAX_WAITING: usize = 64;
/// Maximum wait in a queue.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Bytes at the beginning of a body in which the phone number is looked for.
const HINT_WITHIN: usize = 2_048;

/// Why the signer of a webhook could not be determined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error("too many webhooks wait for their signatures to be verified")]
    Busy,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Database(error) => error.into(),
            VerifyError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-stored",
                "Temporarily unavailable",
                "Not stored: too many webhooks wait for their signatures to be verified. Send it again.",
            )
            .retry_after(1),
        }
    }
}

/// Verifies the signatures of webhooks.
pub(crate) struct Verification {
    likely: VerificationQueue,
    all: VerificationQueue,
    refreshed_at: Mutex<Option<Instant>>,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            likely: VerificationQueue::new(LIKELY_AT_ONCE),
            all: VerificationQueue::new(ALL_AT_ONCE),
            refreshed_at: Mutex::default(),
        }
    }
}

impl Verification {
    /// Returns whose secret signed the body; `None` if no known secret did, even after a refresh.
    pub async fn signed_by(
        &self,
        app: &App,
        body: &Bytes,
        signature: [u8; 32],
    ) -> Result<Option<SignedBy>, VerifyError> {
        let known = app.directory.current();
        let likely = known.signers().likely(hint(&known, body));
        let others = match likely.len() < known.signers().len() {
            true => known.signers().others(&likely),
            false => Vec::new(),
        };
        for (line, places) in [(&self.likely, likely), (&self.all, others)] {
            if let Some(by) = line.try_secrets(&known, places, body, signature).await? {
                return Ok(Some(by));
            }
        }
        // A channel with a secret of its own may be seconds old.
        self.refresh(app).await?;
        let now_known = app.directory.current();
        if Arc::ptr_eq(&known, &now_known) {
            return Ok(None);
        }
        let added = now_known.signers().added_since(known.signers());
        self.all.try_secrets(&now_known, added, body, signature).await
    }

    /// Reads the directory again, at most once per [`REFRESH_EVERY`], or a flood of forgeries would become a flood of queries.
    async fn refresh(&self, app: &App) -> sqlx::Result<()> {
        let mut refreshed_at = self.refreshed_at.lock().await;
        if refreshed_at.is_none_or(|at| at.elapsed() >= REFRESH_EVERY) {
            let refreshed = app.directory.refresh().await;
            *refreshed_at = Some(Instant::now());
            refreshed?;
        }
        Ok(())
    }
}

/// A queue with a concurrency limit and a bounded number of waiters.
struct VerificationQueue {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl VerificationQueue {
    fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            waiting: AtomicUsize::new(0),
        }
    }

    async fn try_secrets(
        &self,
        known: &Arc<Snapshot>,
        places: Vec<usize>,
        body: &Bytes,
        signature: [u8; 32],
    ) -> Result<Option<SignedBy>, VerifyError> {
        if places.len().saturating_mul(body.len()) <= INLINE_BYTES {
            return Ok(known.signers().signed_by(&places, body, &signature, || false));
        }
        let turn = {
            let _waiting = Waiter::new(&self.waiting).ok_or(VerifyError::Busy)?;
            let began = Instant::now();
            let turn = tokio::time::timeout(MAX_WAIT, self.turns.clone().acquire_owned()).await;
            metrics::histogram!("mainstay_webhook_verification_wait_seconds").record(began.elapsed().as_secs_f64());
            turn.map_err(|_| VerifyError::Busy)?
                .expect("the semaphore is never closed")
        };
        let (known, body) = (known.clone(), body.clone());
        let cancel = CancelOnDrop::default();
        let cancelled = cancel.0.clone();
        let work = move || {
            let _turn = turn;
            known
                .signers()
                .signed_by(&places, &body, &signature, || cancelled.load(Ordering::Relaxed))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(found) => Ok(found),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// One waiter of a queue, counted until dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    /// Returns `None` if too many wait.
    fn new(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Signals the blocking thread when the request is dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the secret of the phone number that a body seems to be about. It is tried first, and proves nothing.
fn hint(known: &Snapshot, body: &[u8]) -> Option<AppSecretId> {
    if known.signers().len() < 2 {
        return None;
    }
    known.number(phone_number_id(body)?)?.app_secret_id
}

/// Returns the digits after the first `"phone_number_id"` near the beginning of the body.
fn phone_number_id(body: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"\"phone_number_id\"";
    let head = &body[..body.len().min(HINT_WITHIN)];
    let at = head.windows(NAME.len()).position(|window| window == NAME)?;
    let rest = &head[at + NAME.len()..];
    let digits = rest.iter().position(u8::is_ascii_digit)?;
    let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b'"');
    if !rest[..digits].iter().all(between) {
        return None;
    }
    let rest = &rest[digits..];
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phone_number_is_found_where_meta_writes_it() {
        for (body, found) in [
            (
                r#"{"metadata":{"phone_number_id":"106540352242922"}}"#,
                Some("106540352242922"),
            ),
            (r#"{"phone_number_id" : "12", "phone_number_id":"34"}"#, Some("12")),
            (r#"{"phone_number_id":{"a":"12"}}"#, None),
            (r#"{"phone_number_id":"12"#, None),
            (r#"{"phone_number_id":"#, None),
            ("", None),
        ] {
            assert_eq!(phone_number_id(body.as_bytes()), found, "{body}");
        }
        let late = format!("{}\"phone_number_id\":\"12\"", " ".repeat(HINT_WITHIN));
        assert_eq!(phone_number_id(late.as_bytes()), None);
    }

    #[test]
    fn of_those_who_wait_there_is_an_end() {
        let count = AtomicUsize::new(0);
        let all: Vec<_> = (0..MAX_WAITING).map(|_| Waiter::new(&count).unwrap()).collect();
        assert!(Waiter::new(&count).is_none());
        drop(all);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
