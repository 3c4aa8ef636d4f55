//! From a committed message to Meta, once. Every call is written down before it is made (an *attempt*, whose id goes along and comes
//! back with the statuses). A call that ended without proof is not repeated: its message is `unknown` until a status proves that
//! Meta has it, or the window for that has passed; then the tenant's policy for the lane says whether it is held for a person or
//! sent again.

mod breaker;
mod control;
mod decide;
mod evidence;
mod files;
mod fitness;
mod outcome;
mod promises;
mod ready;
mod record;
mod reserve;
mod send;
mod verdict;

pub use breaker::{Checked, check, trip};
pub use control::{ControlError, Resolution, cancel, receipt, resolve};
pub use evidence::{Failed, failed, prove};
pub use files::upload_files;
pub use promises::promise_again;
pub use reserve::number;
pub use send::send;
