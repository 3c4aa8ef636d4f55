//! Conclusions of calls to Meta: jobs hand them over here, and one task writes whatever has gathered in one transaction ([`write_conclusions`]).

mod write;

pub use write::write_conclusions;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::{
    db::{Submission, submit},
    domain::{ContactId, HoldReason},
    messaging::{
        self,
        store::sends::{Due, End},
    },
    records::{messages::NamedRecipient, portfolios::PortfolioKey},
};

/// Conclusions that may wait for the writer; whoever brings more waits too.
const WAITING: usize = 4_096;

/// What is to be written of a call that was made.
#[derive(Debug)]
pub struct Conclusion {
    pub end: End,
    /// Why the message is kept back, if it is.
    pub held: Option<HoldReason>,
    /// The customer who was counted for a call that did not reach them.
    pub uncounted: Option<(PortfolioKey, ContactId)>,
    /// What Meta calls the recipient, where that is not the address that was dialled.
    pub named: Option<NamedRecipient>,
    /// The error that Meta answered.
    pub refused: Option<Refused>,
}

#[derive(Debug)]
pub struct Refused {
    pub due: Due,
    pub code: i64,
    pub title: String,
    /// When the attempt began.
    pub tried_at: DateTime<Utc>,
}

impl Refused {
    /// Whether the error means something beyond its message.
    pub fn is_acted_on(&self) -> bool {
        messaging::is_acted_on(self.code)
    }
}

/// What came of writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The attempt ended so, whoever wrote it.
    Ended,
    /// Its end was known already, and otherwise: the message is to be looked at again.
    Known,
    /// It could not be written: the attempt stays open, and evidence decides.
    Lost,
}

/// A conclusion, and who waits for it to be written.
pub type Concluded = Submission<Conclusion, Written>;

/// Hands conclusions to the task that writes them: answers that come at the same time share a commit, whichever job made the calls.
#[derive(Clone)]
pub struct Conclusions {
    to: mpsc::Sender<Concluded>,
}

impl Conclusions {
    /// The giver and the taker.
    pub fn channel() -> (Self, mpsc::Receiver<Concluded>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// Returns once it is written, or cannot be.
    pub async fn put(&self, conclusion: Conclusion) -> Written {
        submit(&self.to, conclusion).await.unwrap_or(Written::Lost)
    }
}
