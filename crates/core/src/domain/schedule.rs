//! Words of schedules.

use super::text_enum::text_enum;

text_enum! {
/// State of a run: `fired` while its task waits or is worked on, `done`, `failed` if its task was given up or set aside, `skipped` if nothing
/// was started.
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
/// What happens at a planned time that was missed by more than the grace: `start` runs the newest once, `skip` runs none.
pub enum MissedRunPolicy {
    /// The newest is run once.
    Start = "start",
    /// None is run.
    Skip = "skip",
}
}
