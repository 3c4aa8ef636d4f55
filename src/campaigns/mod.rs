//! Campaigns: one template to many people, once each.
//!
//! 1. A draft says who (`spec`), and what is sent (`templates`, `variables`). `draft` keeps drafts; `control` launches, pauses, resumes and cancels.
//!    `preflight` says what a launch would do.
//! 2. The dispatch job of a campaign (`dispatch`) *freezes* its audience window by window into waves of recipients with ordinals (`freeze`),
//!    and makes messages of them page by page (`fan_out`), no more than about two seconds of sending ahead (`room`).
//! 3. The id of a message is a function of campaign, wave and ordinal, and a cursor moves in the commit that makes the messages. So nobody is
//!    written to twice, and nobody is left out, whenever a worker dies.
//! 4. Counters move in the commit that moves a status (`records/campaigns`): `progress` reads them, `ending` recounts them at the end, and
//!    `watch` notices where nothing moves.

mod addressed;
mod audience;
mod clean;
mod content;
mod control;
mod dispatch;
mod draft;
mod ending;
mod error;
mod events;
mod fan_out;
mod freeze;
mod launch_time;
mod message;
mod pace;
mod plan;
mod preflight;
mod progress;
mod recipients;
mod report;
mod retries;
mod room;
mod rows;
mod service;
mod spec;
mod start;
mod step;
pub mod store;
mod templates;
mod threshold;
mod variables;
mod waiting;
mod watch;

pub(crate) use audience::CampaignAudience;
pub(crate) use clean::clean_up;
pub(crate) use control::{LaunchCondition, cancel, launch, pause, resume};
pub(crate) use dispatch::restore_jobs;
pub use dispatch::{CAMPAIGNS, run};
pub(crate) use draft::{CampaignChange, create, duplicate, find, remove, update};
pub(crate) use ending::{CampaignRecount, recount_on_demand};
pub use ending::{recount, stored};
pub(crate) use error::CampaignError;
pub(crate) use launch_time::{CampaignSchedule, LaunchTime};
pub(crate) use message::CampaignMessage;
pub use preflight::{PREFLIGHTS, run as preflight_in_turns};
pub(crate) use preflight::{
    PreflightReport, PreflightResult, PreflightState, PreflightTemplate, find as find_preflight,
    request as request_preflight,
};
pub(crate) use progress::oldest_with_numbers;
pub use progress::{CampaignProgress, progress};
pub(crate) use recipients::{RecipientFilter, ShownRecipient, recipients, with_recipients};
pub(crate) use report::{CampaignReport, ReportedWave, report};
pub(crate) use retries::{CampaignRetry, RetryClass, retry};
pub(crate) use rows::{empty as empty_rows, require_draft};
pub use service::CampaignService;
pub(crate) use spec::{CampaignSpec, CampaignTemplate, CampaignVariable, SpecChange};
pub(crate) use waiting::{WaitingFor, waiting_for};
pub use watch::watch;
