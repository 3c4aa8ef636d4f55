//! Intake: a webhook is answered when its bytes are on disk, and not before. Requests hand their bytes to a writer, which stores
//! whatever is waiting in one commit; while one commit runs, the next batch gathers by itself.

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

/// Why a webhook was not stored. Meta is told 503 and sends it again, for seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    #[error("too many webhooks wait for the database")]
    Full,
    #[error("the database does not take it")]
    Unavailable,
}

/// The way in. Clones share the writer.
#[derive(Clone)]
pub struct Intake {
    clock: Clock,
    mode: Mode,
    stored: metrics::Counter,
}

#[derive(Clone)]
enum Mode {
    Store(mpsc::Sender<PendingWebhook>),
    /// Measures what everything but storing costs; only the benchmark makes one.
    Discard,
}

/// A webhook on its way to disk, and who waits for it.
type PendingWebhook = Submission<NewRawEvent, Result<(), NotStored>>;

/// What became of the writer: [`Drained::wait`] returns when everything accepted has been answered.
pub struct Drained(tokio::task::JoinHandle<()>);

impl Drained {
    pub async fn wait(self) {
        if let Err(error) = self.0.await {
            tracing::error!(%error, "the intake writer ended badly");
        }
    }
}

impl Intake {
    /// Starts the writer. At most `backlog` webhooks wait for it; more are refused. It ends once `shutdown` is
    /// cancelled and nothing is waiting.
    pub fn start(db: Db, clock: Clock, backlog: usize, hints: Hints, shutdown: CancellationToken) -> (Self, Drained) {
        let (sender, receiver) = mpsc::channel(backlog);
        let writer = writer::spawn(db, receiver, hints, shutdown);
        (Self::new(clock, Mode::Store(sender)), Drained(writer))
    }

    /// An intake that answers without storing. Never part of a served process: it breaks the promise, to measure its price.
    pub fn discarding(clock: Clock) -> Self {
        Self::new(clock, Mode::Discard)
    }

    fn new(clock: Clock, mode: Mode) -> Self {
        Self {
            clock,
            mode,
            stored: metrics::counter!("mainstay_webhooks_stored_total"),
        }
    }

    /// Stores one webhook; returns once it is committed.
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

    /// How many webhooks wait to be stored just now.
    pub fn waiting(&self) -> usize {
        match &self.mode {
            Mode::Store(writer) => writer.max_capacity() - writer.capacity(),
            Mode::Discard => 0,
        }
    }
}
