//! Whose app secret signed a webhook. Every secret that is tried reads the whole body, so what costs much is done away from the
//! runtime's threads, little at a time:
//!
//! 1. The likely secrets (the one whose phone number the body names, those that matched last): almost every genuine webhook ends here.
//! 2. All the others, in a line of their own: forgeries wait there for one another, and genuine webhooks do not wait for them.
//! 3. Those that were added since, once the directory was read again, at most once in a second.

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

/// How often, at most, an unknown signature makes this process look for channels added since.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// Bytes hashed on a thread of the runtime, at most, for one step of one webhook: some 0.2 ms.
const INLINE_BYTES: usize = 128 * 1024;
/// Large webhooks whose likely secrets are tried at a time.
const LIKELY_AT_ONCE: usize = 2;
/// Webhooks all of whose secrets are tried at a time.
const ALL_AT_ONCE: usize = 1;
/// Webhooks that may wait for their turn, in each of the two lines.
const WAITING: usize = 64;
/// How long one may wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// The phone number is looked for in so many bytes at the beginning of a body.
const HINT_WITHIN: usize = 2_048;

/// Why it is not known whose secret signed a webhook.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    #[error("too many webhooks wait for their signatures to be verified")]
    Busy,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<NotVerified> for Problem {
    fn from(error: NotVerified) -> Self {
        match error {
            NotVerified::Database(error) => error.into(),
            NotVerified::Busy => Self::new(
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
pub struct Verification {
    likely: Line,
    all: Line,
    refreshed_at: Mutex<Option<Instant>>,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            likely: Line::new(LIKELY_AT_ONCE),
            all: Line::new(ALL_AT_ONCE),
            refreshed_at: Mutex::default(),
        }
    }
}

impl Verification {
    /// Whose secret signed it; `None` when nobody's whom this process knows, or could know.
    pub async fn signed_by(
        &self,
        app: &App,
        body: &Bytes,
        signature: [u8; 32],
    ) -> Result<Option<SignedBy>, NotVerified> {
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

    /// Not for every unknown signature, or a flood of forgeries would become a flood of queries.
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

/// Work of so many at a time, for which a bounded number waits.
struct Line {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Line {
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
    ) -> Result<Option<SignedBy>, NotVerified> {
        if places.len().saturating_mul(body.len()) <= INLINE_BYTES {
            return Ok(known.signers().signed_by(&places, body, &signature, || false));
        }
        let turn = {
            let _waiting = Waiting::new(&self.waiting).ok_or(NotVerified::Busy)?;
            let began = Instant::now();
            let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
            metrics::histogram!("mainstay_webhook_verification_wait_seconds").record(began.elapsed().as_secs_f64());
            turn.map_err(|_| NotVerified::Busy)?.expect("it is never closed")
        };
        let (known, body) = (known.clone(), body.clone());
        let given_up = GivenUp::default();
        let told = given_up.0.clone();
        let work = move || {
            let _turn = turn;
            known
                .signers()
                .signed_by(&places, &body, &signature, || told.load(Ordering::Relaxed))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(found) => Ok(found),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// One of those who wait, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// `None` where too many wait.
    fn new(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells the thread that works for a request when the request is gone.
#[derive(Default)]
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The secret of the phone number that a body seems to be about. It is tried first, and proves nothing.
fn hint(known: &Snapshot, body: &[u8]) -> Option<AppSecretId> {
    if known.signers().len() < 2 {
        return None;
    }
    known.number(phone_number_id(body)?)?.app_secret_id
}

/// The digits behind the first `"phone_number_id"` near the beginning.
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
        let all: Vec<_> = (0..WAITING).map(|_| Waiting::new(&count).unwrap()).collect();
        assert!(Waiting::new(&count).is_none());
        drop(all);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
