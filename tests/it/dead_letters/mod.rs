//! Dead letters: revived at their rungs, archived in the end, and what an operator sees of them and does with them.

mod ladder;
mod messages;
mod routes;
mod stage;
