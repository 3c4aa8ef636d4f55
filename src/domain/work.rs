//! The states of a row that wants work. Every queue is a table, and these words mean the same in each.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkState {
    /// Waits for its due time, or is due.
    Pending,
    /// Claimed by a worker until its due time, which is then the end of the lease.
    Running,
    Done,
    /// Out of attempts, or refused for good; kept, visible, replayable.
    Dead,
    /// Put aside until something outside changes, such as a channel being added.
    Quarantined,
    /// Set aside by a person.
    Discarded,
}

impl WorkState {
    pub const ALL: [WorkState; 6] = [
        WorkState::Pending,
        WorkState::Running,
        WorkState::Done,
        WorkState::Dead,
        WorkState::Quarantined,
        WorkState::Discarded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            WorkState::Pending => "pending",
            WorkState::Running => "running",
            WorkState::Done => "done",
            WorkState::Dead => "dead",
            WorkState::Quarantined => "quarantined",
            WorkState::Discarded => "discarded",
        }
    }

    pub fn parse(text: &str) -> Option<WorkState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
