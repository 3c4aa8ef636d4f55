//! Intake: a webhook is answered once its bytes are on disk. Requests pass their bytes to a writer, which stores everything waiting
//! in one commit (group commit); the next batch gathers while the commit runs.

mod hints;
mod writer;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use hints::Hints;

use crate::{
    clock::Clock,
    db::{Db, Submission},
    directory::SignedBy,
    domain::RawEventId,
    records::raw_events::NewRawEvent,
};

/// The reason why a webhook was not stored. The response is 503, and Meta retries for seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    #[error("too many webhooks are waiting for the database")]
    Full,
    #[error("the database is unavailable")]
    Unavailable,
}

/// Handle of the intake writer. Clones share it.
#[derive(Clone)]
pub struct Intake {
    clock: Clock,
    mode: Mode,
    stored: metrics::Counter,
}

#[derive(Clone)]
enum Mode {
    Store(mpsc::Sender<PendingWebhook>),
    /// Acknowledges without storing. For the benchmark only.
    Discard,
}

/// A webhook waiting to be stored, and the channel for the result.
type PendingWebhook = Submission<NewRawEvent, Result<(), NotStored>>;

/// Handle of the writer task. [`Drained::wait`] returns when every accepted webhook has been answered.
pub struct Drained(tokio::task::JoinHandle<()>);

impl Drained {
    pub async fn wait(self) {
        if let Err(error) = self.0.await {
            tracing::error!(%error, "the intake writer failed");
        }
    }
}

impl Intake {
    /// Starts the writer. At most `backlog` webhooks wait for it; more are refused. The writer ends when `shutdown` is cancelled and
    /// nothing is waiting.
    pub fn start(db: Db, clock: Clock, backlog: usize, hints: Hints, shutdown: CancellationToken) -> (Self, Drained) {
        let (sender, receiver) = mpsc::channel(backlog);
        let writer = writer::spawn(db, receiver, hints, shutdown);
        (Self::new(clock, Mode::Store(sender)), Drained(writer))
    }

    /// Returns an intake that acknowledges without storing, to measure the cost of storing. Never used by a serving process.
    pub(crate) fn discarding(clock: Clock) -> Self {
        Self::new(clock, Mode::Discard)
    }

    fn new(clock: Clock, mode: Mode) -> Self {
        Self {
            clock,
            mode,
            stored: metrics::counter!("mainstay_webhooks_stored_total"),
        }
    }

    /// Stores one webhook and returns once it is committed.
    pub async fn store(&self, body: Bytes, signed_by: SignedBy) -> Result<RawEventId, NotStored> {
        let (signer, app_secret) = match signed_by {
            SignedBy::Operator => (None, None),
            SignedBy::Tenant(tenant, secret) => (Some(tenant), Some(secret)),
        };
        let event = NewRawEvent {
            id: self.clock.new_id(),
            received_at: self.clock.now(),
            signer,
            app_secret,
            digest: Sha256::digest(&body).into(),
            body,
        };
        let id = event.id;
        if let Mode::Store(writer) = &self.mode {
            let (answer, stored) = oneshot::channel();
            writer.try_send((event, answer)).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => NotStored::Full,
                mpsc::error::TrySendError::Closed(_) => NotStored::Unavailable,
            })?;
            stored.await.unwrap_or(Err(NotStored::Unavailable))?;
        }
        self.stored.increment(1);
        Ok(id)
    }

    /// Returns the number of webhooks waiting to be stored.
    pub fn waiting(&self) -> usize {
        match &self.mode {
            Mode::Store(writer) => writer.max_capacity() - writer.capacity(),
            Mode::Discard => 0,
        }
    }
}
