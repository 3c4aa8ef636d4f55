//! SQL of the tables of schedules.

pub mod runs;
pub(crate) mod schedules;
