//! Conclusions of calls to Meta: jobs hand them over here, and one task writes those that have gathered in one transaction
//! ([`write_conclusions`]).

mod write;

pub use write::write_conclusions;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::{
    db::{Submission, submit},
    domain::{ContactId, HoldReason},
    messaging::{
        self,
        store::sends::{AttemptEnd, DueSend},
    },
    records::{messages::NamedRecipient, portfolios::PortfolioKey},
};

/// Maximum number of conclusions waiting for the writer; submitters of more wait too.
const WAITING: usize = 4_096;

/// The changes to write after a call.
#[derive(Debug)]
pub struct Conclusion {
    pub(crate) end: AttemptEnd,
    /// Reason for holding the message, if it is held.
    pub held: Option<HoldReason>,
    /// The counted recipient of a call that did not reach them, to be removed from the count.
    pub(crate) uncounted: Option<(PortfolioKey, ContactId)>,
    /// Names of the recipient in Meta's answer other than the address that was used.
    pub(crate) named: Option<NamedRecipient>,
    /// The error that Meta answered.
    pub(crate) rejected: Option<RejectedAttempt>,
}

/// An attempt that Meta rejected.
#[derive(Debug)]
pub(crate) struct RejectedAttempt {
    pub due: DueSend,
    pub code: i64,
    pub title: String,
    /// When the attempt began.
    pub tried_at: DateTime<Utc>,
}

impl RejectedAttempt {
    /// Returns whether the error has effects beyond the message.
    pub(crate) fn has_effects(&self) -> bool {
        messaging::has_effects(self.code)
    }
}

/// The result of writing a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConclusionResult {
    /// The attempt has ended as the conclusion says, whoever wrote it.
    Ended,
    /// The attempt had ended otherwise: process the message again.
    Known,
    /// The conclusion could not be written: the attempt stays open until there is evidence.
    Lost,
}

/// A conclusion with the channel for its result.
pub(crate) type ConclusionSubmission = Submission<Conclusion, ConclusionResult>;

/// Handle of the task that writes conclusions. Answers that arrive at the same time share a commit, whichever job made the calls.
#[derive(Clone)]
pub struct Conclusions {
    to: mpsc::Sender<ConclusionSubmission>,
}

impl Conclusions {
    /// Returns the handle and the receiving end of a new queue.
    pub fn channel() -> (Self, mpsc::Receiver<ConclusionSubmission>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// Hands over a conclusion. Returns once it is written, or cannot be.
    pub async fn put(&self, conclusion: Conclusion) -> ConclusionResult {
        submit(&self.to, conclusion).await.unwrap_or(ConclusionResult::Lost)
    }
}
