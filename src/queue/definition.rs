/// A queue: its name, and the table whose rows are its jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    pub(super) table: &'static str,
    /// SQL over a row of the table that gives the number of its [`Lane`].
    pub(super) lane: &'static str,
}

impl Queue {
    const ONE_LANE: &str = "1";

    /// Every job goes in the [`Lane::Normal`] lane.
    pub const fn new(name: &'static str, table: &'static str) -> Self {
        Self {
            name,
            table,
            lane: Self::ONE_LANE,
        }
    }

    /// Tells how the lane of a row is found: an SQL expression over its columns that gives 0, 1 or 2 (see [`Lane`]). The sweep
    /// asks it, and it must agree with what callers of [`Queues::offer`](super::Queues::offer) say.
    pub const fn lanes(self, sql: &'static str) -> Self {
        Self { lane: sql, ..self }
    }

    pub(super) fn has_lanes(&self) -> bool {
        self.lane != Self::ONE_LANE
    }

    /// Puts this queue's table and lane into a text: `{t}` and `{lane}`.
    pub(super) fn sql(&self, text: &str) -> String {
        text.replace("{t}", self.table).replace("{lane}", self.lane)
    }
}

/// How urgent a job is within its queue: a lower lane is served only when those above it hold nothing that is due. Within a lane
/// the job that has been due for longest comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    High = 0,
    #[default]
    Normal = 1,
    Low = 2,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::High, Lane::Normal, Lane::Low];

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// The lane of a number from SQL; one out of range is the nearest.
    pub const fn of(number: i64) -> Self {
        match number {
            ..=0 => Lane::High,
            1 => Lane::Normal,
            _ => Lane::Low,
        }
    }
}
