//! Sends and their attempts.

mod attempts;
mod cancel;
mod due;
mod find;
mod held;
mod insert;
mod limit;
mod prove;

pub use cancel::Canceled;
pub(crate) use due::DueSend;
pub use find::SendState;
pub use find::find;
pub use insert::insert;
pub use {attempts::Attempt, attempts::NewAttempt, attempts::begin, attempts::conclude};
pub(crate) use {attempts::AttemptEnd, attempts::MessageTransition, attempts::apply_transitions, attempts::of_message};
pub use {cancel::cancel, cancel::statuses};
pub use {due::SendReservation, due::load, due::store_reservations};
pub(crate) use {
    held::awaiting_retry, held::clear_reservations, held::count_held, held::expire_held, held::find_due,
    held::finish_resolved, held::hold_for_breaker, held::job_entries, held::record_resolution, held::release_recovered,
    held::requeue_missed, held::set_hold_reasons,
};
pub use {held::count_waiting, held::finish, held::make_due, held::release, held::requeue, held::running};
pub use {insert::NewSend, insert::QueuedSend, insert::find_queued};
pub(crate) use {
    limit::count_released, limit::count_waiting_for_limit, limit::release_for_limit, limit::waiting_portfolios,
};
pub use {prove::Proof, prove::prove};
