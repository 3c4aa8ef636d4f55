//! From a committed message to Meta, once. Every call is written down before it is made (an *attempt*, whose id goes along and comes
//! back with the statuses). A call that ended without proof is not repeated: its message is `unknown` until a status proves that
//! Meta has it, or the window for that has passed; then the tenant's policy for the lane says whether it is held for a person or
//! sent again.

pub mod accept;
mod account;
mod blocks;
mod breaker;
mod cancel;
mod check;
mod checked;
mod conclusions;
mod control;
mod daily_limit;
mod decide;
mod effects;
mod evidence;
mod files;
mod fitness;
mod outcome;
mod promises;
mod ready;
mod recipients;
mod record;
mod reserve;
mod send;
mod service;
pub mod store;
mod uploads;
mod verdict;

pub use account::{LimitSet, News, Source, apply_account_news};
pub use blocks::{Blocked, Blocking, Listed, blocked, change_blocks};
pub use breaker::{resume_campaigns, trip};
pub use cancel::{cancel, cancel_all};
pub use check::{CHECKS, CheckError, check, check_in_turn};
pub use checked::Checked;
pub use conclusions::{Concluded, Conclusion, Conclusions, Refused, Written, write_conclusions};
pub use control::{ControlError, Resolution, receipt, resolve};
pub use daily_limit::{
    COUNTS, CustomersToday, call_overlooked, forget_recipients, measure_held, release_limits, today,
};
pub use decide::WINDOW_CLOSED;
pub use effects::{is_acted_on, pauses_campaigns};
pub use evidence::{Aftermath, Failed, failed, follow, prove};
pub use promises::promise_again;
pub use recipients::{Recipients, recipients};
pub use reserve::number;
pub use send::send;
pub use service::MessagingService;
pub use uploads::{File, Upload, Uploads, upload_files};
