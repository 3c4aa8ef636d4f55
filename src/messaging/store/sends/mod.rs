//! Sends and their attempts.

mod attempts;
mod cancel;
mod due;
mod find;
mod held;
mod insert;
mod limit;
mod prove;

pub use attempts::{
    Attempt, AttemptEnd, MessageTransition, NewAttempt, apply_transitions, begin, conclude, of_message,
};
pub use cancel::{Canceled, cancel, statuses};
pub use due::{DueSend, SendReservation, load, store_reservations};
pub use find::{SendState, find};
pub use held::{
    awaiting_retry, clear_reservations, count_held, count_waiting, expire_held, find_due, finish, finish_resolved,
    hold_for_breaker, job_entries, make_due, record_resolution, release, release_recovered, requeue, requeue_missed,
    running, set_hold_reasons,
};
pub use insert::{NewSend, QueuedSend, find_queued, insert};
pub use limit::{count_released, count_waiting_for_limit, release_for_limit, waiting_portfolios};
pub use prove::{Proof, Proven, prove};
