//! Sends committed messages to Meta, each at most once unless it is proven that an attempt failed.
//!
//! 1. Every call is committed as an open *attempt* before it is made. The attempt's id is sent along and comes back with the statuses.
//! 2. A call that ended without proof is not repeated: its message is `unknown` until a status proves that Meta has it, or the evidence
//!    window has passed.
//! 3. Then the tenant's policy for the lane decides whether the message is held for a person or sent again.

pub mod accept;
mod account;
mod blocks;
mod breaker;
mod cancel;
mod channel_report;
mod check;
mod compose;
mod conclusions;
mod control;
mod daily_limit;
mod decide;
mod effects;
mod evidence;
mod files;
mod give_up;
mod outcome;
mod recipients;
mod reservations;
mod reserve;
mod retry;
mod scheduled;
mod send;
mod sendable;
mod service;
mod status_counts;
pub mod store;
mod template_checks;
mod transitions;
mod uploads;

pub use account::Source;
pub(crate) use account::{AccountChange, LimitSet, apply_account_changes};
pub(crate) use blocks::{BlockAction, BlockOutcome, BlockedCustomer, change_blocks, list_blocked};
pub use breaker::{resume_campaigns, trip};
pub use cancel::{cancel, cancel_all};
pub(crate) use cancel::{cancel_waiting, withdraw};
pub(crate) use channel_report::ChannelReport;
pub(crate) use check::look_up;
pub use check::{CheckError, check, run_scheduled_check};
pub(crate) use compose::Composer;
pub use compose::{ComposeError, NewContent, NewMessage, RequestedRecipient};
pub(crate) use conclusions::{Conclusion, ConclusionResult, ConclusionSubmission, RejectedAttempt};
pub use conclusions::{Conclusions, write_conclusions};
pub(crate) use control::ControlError;
pub use control::{Resolution, receipt, resolve};
pub(crate) use daily_limit::{
    CustomersToday, customers_today, purge_recipients, record_held, release_limits, release_overlooked,
};
pub(crate) use decide::WINDOW_CLOSED;
pub(crate) use effects::{has_effects, pauses_campaigns};
pub use evidence::prove;
pub(crate) use evidence::{FailedMessage, FollowUp, apply_failures, run_follow_up};
pub(crate) use give_up::{give_up, lock_dead};
pub use recipients::{Recipients, recipients};
pub(crate) use reservations::clear_outdated_reservations;
pub(crate) use reserve::limited_number;
pub use send::send;
pub(crate) use service::MessagingService;
pub(crate) use status_counts::count_status;
pub use uploads::UploadQueue;
pub(crate) use uploads::{ChannelFile, UploadRequest, upload_files};
