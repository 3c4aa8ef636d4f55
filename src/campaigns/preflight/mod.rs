//! Preflights: what a launch would do, without doing it. The windows of the freeze, read only.
//!
//! 1. [`request()`] checks a draft as a launch does, and makes a task that knows the draft's version and the templates of that moment.
//! 2. [`run()`] goes through the audience as the freeze does, a few seconds at a time, and adds up what would become of each.
//! 3. The result has a digest. A launch that names it happens only if draft and templates are still those.

mod request;
mod result;
mod run;
mod view;

pub(crate) use request::request;
pub(crate) use result::PreflightResult;
pub use run::run;
pub(crate) use view::{PreflightReport, PreflightState, PreflightTemplate, find, require};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{domain::ContactId, queue::Queue};

/// The queue of preflights.
pub const PREFLIGHTS: Queue = Queue::of_kind("preflights", "tasks", "preflight");

/// What is looked at: the campaign is the subject of the task.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct PreflightSpec {
    /// The version of the draft.
    version: i64,
    /// JSON: the templates as a launch would keep them.
    template: Option<String>,
    templates: Vec<PreflightTemplate>,
    /// JSON: the local time that it is to be launched for.
    schedule: Option<String>,
    /// When it would start.
    at: DateTime<Utc>,
    /// Contacts made later are not looked at.
    bound: ContactId,
}
