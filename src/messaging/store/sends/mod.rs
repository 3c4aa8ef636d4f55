//! Sends and their attempts.

mod answered;
mod attempts;
mod cancel;
mod due;
mod find;
mod held;
mod insert;
mod limit;
mod prove;
mod scheduled;
mod unreachable;

pub(crate) use answered::texts_since;
pub use attempts::{Attempt, NewAttempt, begin, conclude};
pub(crate) use attempts::{AttemptEnd, MessageTransition, MovedMessage, apply_transitions, of_message};
pub(crate) use cancel::waiting_of;
pub use cancel::{Canceled, cancel, statuses};
pub(crate) use due::DueSend;
pub use due::{SendReservation, load, store_reservations};
pub use find::{SendState, find};
pub(crate) use held::{
    awaiting_retry, clear_reservations, count_held, expire_held, find_due, finish_resolved, hold_dead,
    hold_for_breaker, job_entries, record_resolution, release_recovered, release_resumed, requeue_missed,
    set_hold_reasons,
};
pub use held::{count_waiting, finish, make_due, release, requeue, running};
pub use insert::{NewSend, QueuedSend, find_queued, insert};
pub(crate) use limit::{count_released, count_waiting_for_limit, release_for_limit, waiting_portfolios};
pub use prove::{Proof, prove};
pub(crate) use scheduled::count_scheduled;
pub(crate) use unreachable::unreachable_since;
