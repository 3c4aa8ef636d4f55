//! Checks numbers in bulk. Meta's API cannot say whether a number has WhatsApp, so a verdict rests on evidence that is at hand, and says which
//! it is and how old:
//!
//! 1. The numbering plan: `invalid` or `valid`.
//! 2. What became of messages: `reachable` if the number's owner wrote, or got one of the last messages; `unreachable` if several could not be
//!    delivered over a week and nothing else has been heard since. Never "not on WhatsApp": Meta has the same error for customers who have not
//!    accepted its terms, and for old clients.
//!
//! A verification is a task. Its numbers are rows from the beginning, and a step checks 50 of them.

mod accept;
mod clean;
mod evidence;
mod judge;
mod numbers;
mod run;
mod service;
mod sheet;
mod store;
mod view;

pub(crate) use accept::{MAX_JOBS, MAX_NUMBERS, VerificationError, VerificationRequest, accept};
pub use clean::clean_up;
pub use run::run;
pub use service::{VERIFICATIONS, VerificationService};
pub(crate) use sheet::ItemSheet;
pub(crate) use store::VerificationItem;
pub(crate) use view::{VerificationReport, VerificationState, cancel, find, items, list};
