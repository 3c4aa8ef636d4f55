/// A queue: its name and the table whose rows are its jobs, or those of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    pub(super) table: &'static str,
    /// The kind of its rows, in a table that several queues share.
    pub(super) kind: Option<&'static str>,
    /// An SQL expression over a row of the table that yields the number of its [`Lane`].
    pub(super) lane: &'static str,
    pub(super) recurring: Option<Recurring>,
}

impl Queue {
    const ONE_LANE: &str = "1";

    /// Creates a queue whose jobs all have [`Lane::Normal`].
    pub const fn new(name: &'static str, table: &'static str) -> Self {
        Self {
            name,
            table,
            kind: None,
            lane: Self::ONE_LANE,
            recurring: None,
        }
    }

    /// Creates a queue on those rows of a table that have this text in their column `kind`. Queues that share a table are independent in all
    /// else: concurrency, timeout, attempts, pause. The table's index of open rows begins with `kind`, and so does that of rows set aside.
    pub const fn of_kind(name: &'static str, table: &'static str, kind: &'static str) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(name, table)
        }
    }

    /// Sets the SQL expression over a row's columns that yields its lane: 0, 1 or 2 (see [`Lane`]). The sweep uses it; it must agree with
    /// the lanes passed to [`Queues::push_entries`](super::Queues::push_entries).
    pub const fn with_lanes(self, sql: &'static str) -> Self {
        Self { lane: sql, ..self }
    }

    /// Marks the queue as recurring: its rows never end and are never given up (see [`recurring`](super::recurring)).
    pub const fn recurring(self, how: Recurring) -> Self {
        Self {
            recurring: Some(how),
            ..self
        }
    }

    pub const fn is_recurring(&self) -> bool {
        self.recurring.is_some()
    }

    pub(super) fn has_lanes(&self) -> bool {
        self.lane != Self::ONE_LANE
    }

    /// Replaces `{t}`, `{lane}` and `{kind}` in an SQL text with this queue's table, its lane expression, and the condition on its rows with
    /// an `AND` behind it. Statements on ids that come from the queue itself need no condition.
    pub(super) fn sql(&self, text: &str) -> String {
        let kind = self
            .kind
            .map(|kind| format!("kind = '{kind}' AND "))
            .unwrap_or_default();
        text.replace("{t}", self.table)
            .replace("{lane}", self.lane)
            .replace("{kind}", &kind)
    }
}

/// How the rows of a recurring queue are identified and woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurring {
    /// A column that is unique within a tenant, if a row is not known by its id alone.
    pub(super) name: Option<&'static str>,
    /// An SQL condition on the row, and on `r.rid` and `r.now`, under which the row is not woken.
    pub(super) rests: &'static str,
}

impl Recurring {
    /// Creates the definition of rows that are known by their id: that of the thing they work on.
    pub const fn by_id() -> Self {
        Self {
            name: None,
            rests: "FALSE",
        }
    }

    /// Creates the definition of rows that are known by their tenant and a text column.
    pub const fn by_name(column: &'static str) -> Self {
        Self {
            name: Some(column),
            rests: "FALSE",
        }
    }

    /// Sets the SQL condition under which [`wake`](super::recurring::wake) leaves a row alone. It may name the row's columns, its id as
    /// `r.rid`, and the present time as `r.now`.
    pub const fn resting_while(self, sql: &'static str) -> Self {
        Self { rests: sql, ..self }
    }
}

/// The priority of a job within its queue. A lane is served only while the lanes above it have nothing due; within a lane the job that has
/// been due longest comes first.
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

    /// Converts a number read from SQL. Numbers out of range become the nearest lane.
    pub const fn from_number(number: i64) -> Self {
        match number {
            ..=0 => Lane::High,
            1 => Lane::Normal,
            _ => Lane::Low,
        }
    }
}
