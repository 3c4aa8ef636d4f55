//! Messages on their way to Meta: the work, and every call that was made.

mod attempts;
mod cancel;
mod due;
mod find;
mod held;
mod insert;
mod limit;
mod prove;

pub use attempts::{Attempt, Begun, End, Placed, begin, conclude, of_message, place};
pub use cancel::{Canceled, cancel, standing};
pub use due::{Due, Promised, load, promise};
pub use find::{Work, work};
pub use held::{
    by_hold, call_back, due_of, entries, expire_kept, finish, finish_known, hold, in_hand, keep_for_breaker, put_off,
    release, release_stray, requeue, settle, take_up, unpromise, waiting,
};
pub use insert::{NewSend, QueuedSend, find_queued, insert};
pub use limit::{call, called, limited, waiting_for_limit};
pub use prove::{Proof, Proven, prove};
