//! Words of schedules.

use super::text_enum::text_enum;

text_enum! {
/// State of a run of a schedule.
pub enum RunStatus {
    /// Its task waits or is worked on.
    Fired = "fired",
    Done = "done",
    /// Its task was given up, or set aside by an operator.
    Failed = "failed",
    /// Nothing was started: it was too late, or the run before had not ended.
    Skipped = "skipped",
}
}

text_enum! {
/// What happens at a planned time that passed while nothing could run, by more than the grace.
pub enum MissedRunPolicy {
    /// The newest is run once.
    Start = "start",
    /// None is run.
    Skip = "skip",
}
}
