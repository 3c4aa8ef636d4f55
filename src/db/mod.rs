//! Two databases behind one door. Statements are one text wherever the two agree (see `migrations/` for the house
//! dialect); the native pools and types stay in sight of nobody else.

mod args;
mod batches;
mod checkpoint;
mod error;
mod file;
mod hints;
mod keyed;
mod like;
mod migrate;
mod open;
mod pools;
mod rows;
#[cfg(test)]
mod scratch;
mod sql;
mod statement;
mod together;
mod transaction;
mod unflushed;
mod vacuum;

pub use args::{Arg, Args};
pub use batches::{Asked, Batches, ask};
pub use error::{collision, is_conflict, is_too_slow, is_unavailable};
pub use file::sqlite_file;
pub use hints::Hint;
pub use keyed::{Keyed, KeyedRow};
pub use like::like_literal;
pub use migrate::{MigrateError, migrations};
pub use open::{Connections, Db, INTAKE_CONNECTIONS, PoolUse};
pub use rows::{Cell, Row, Rows};
#[cfg(test)]
pub(crate) use scratch::Scratch;
pub use sql::Sql;
pub use sqlx::Result;
pub use statement::{On, Record, Statement};
pub use together::{retry_conflicts, write_together};
pub use transaction::Tx;
