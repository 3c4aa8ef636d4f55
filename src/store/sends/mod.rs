//! Messages on their way to Meta: the work, and every call that was made.

mod attempts;
mod due;
mod held;
mod insert;
mod prove;

pub use attempts::{Attempt, Begun, End, Placed, begin, conclude, of_message, place};
pub use due::{Due, load, promise};
pub use held::{
    Stalled, by_hold, by_person, call_back, cancel, finish, hold, in_hand, keep_for_breaker, release, release_stray,
    requeue, stalled, unlimit, unpromise, unpromise_tenant, waiting, waiting_for_limit,
};
pub use insert::{NewSend, QueuedSend, find_queued, insert};
pub use prove::{Proof, Proven, prove};
