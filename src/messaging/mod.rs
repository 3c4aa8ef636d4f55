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
mod outcome;
mod recipients;
mod reservations;
mod reserve;
mod retry;
mod send;
mod sendable;
mod service;
pub mod store;
mod template_checks;
mod transitions;
mod uploads;

pub use account::Source;
pub use breaker::{resume_campaigns, trip};
pub use cancel::cancel;
pub use cancel::cancel_all;
pub use check::check;
pub(crate) use compose::Composer;
pub(crate) use control::ControlError;
pub(crate) use decide::WINDOW_CLOSED;
pub use evidence::prove;
pub use recipients::Recipients;
pub use recipients::recipients;
pub(crate) use reservations::clear_outdated_reservations;
pub(crate) use reserve::limited_number;
pub use send::send;
pub(crate) use service::MessagingService;
pub use uploads::UploadQueue;
pub(crate) use {account::AccountChange, account::LimitSet, account::apply_account_changes};
pub(crate) use {
    blocks::BlockAction, blocks::BlockOutcome, blocks::BlockedCustomer, blocks::change_blocks, blocks::list_blocked,
};
pub use {check::CheckError, check::run_scheduled_check};
pub use {compose::ComposeError, compose::NewContent, compose::NewMessage, compose::RequestedRecipient};
pub(crate) use {
    conclusions::Conclusion, conclusions::ConclusionResult, conclusions::ConclusionSubmission,
    conclusions::RejectedAttempt,
};
pub use {conclusions::Conclusions, conclusions::write_conclusions};
pub use {control::Resolution, control::receipt, control::resolve};
pub(crate) use {
    daily_limit::CustomersToday, daily_limit::customers_today, daily_limit::purge_recipients, daily_limit::record_held,
    daily_limit::release_limits, daily_limit::release_overlooked,
};
pub(crate) use {effects::has_effects, effects::pauses_campaigns};
pub(crate) use {evidence::FailedMessage, evidence::FollowUp, evidence::apply_failures, evidence::run_follow_up};
pub(crate) use {uploads::ChannelFile, uploads::UploadRequest, uploads::upload_files};
