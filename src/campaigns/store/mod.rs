//! SQL of campaigns: their rows, their waves, their recipients, and the recount.

mod campaigns;
mod dispatch;
mod recipients;
mod recount;
mod retries;
mod watch;
mod waves;

pub use campaigns::StoredCampaign;
pub(crate) use campaigns::{
    CampaignEnd, Freeze, StoredLaunch, advance_freeze, count_all, count_live, end, find, insert, launch, list,
    list_after, lock, pace, pause, remove, resume, set_status, start, update_draft,
};
pub(crate) use dispatch::{
    count_due, count_sharing, has_paused, has_unfinished, held_reason, outcomes_of_last, release_paused,
    remember_messages, remove_job, tenant_of, waiting_of, without_job,
};
pub(crate) use recipients::{
    FrozenRecipient, StoredRecipient, free, insert_recipients, merge, page, recipients_after, suppress,
};
pub(crate) use recount::recount_wave;
pub(crate) use retries::{CampaignOutcome, claim, outcomes_before, unclaimed};
pub(crate) use watch::{
    WatchedCampaign, note_cleared, note_moved, note_stalled, remove_recipients, to_clear, to_watch,
};
pub(crate) use waves::{
    NewFrozen, StoredWave, advance_wave, count_recipients, first_made, lock_waves, numbers, numbers_between,
    numbers_with_failures, set_frozen, waves,
};
