//! SQLite and PostgreSQL behind one interface. A statement has one text wherever the two agree (see `migrations/` for the common dialect).
//! The native pools and types are private to this module.

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
#[cfg(any(test, feature = "scratch"))]
mod scratch;
mod sql;
mod statement;
mod together;
mod transaction;
mod unflushed;
mod vacuum;

pub use args::{Arg, Args};
pub use batches::{BatchReceiver, Submission, submit};
pub use error::{conflict_error, is_conflict, is_statement_timeout, is_unavailable};
pub use file::sqlite_file;
pub use hints::Hint;
pub use keyed::{KeyedRow, KeyedRows};
pub use like::like_literal;
pub use migrate::{MigrateError, migrations};
pub use open::{Db, INTAKE_CONNECTIONS, PoolLimits, PoolUsage};
pub use rows::{Cell, Row, Rows};
#[cfg(any(test, feature = "scratch"))]
pub use scratch::Scratch;
pub use sql::Sql;
pub use sqlx::Result;
pub use statement::{On, Record, Statement};
pub use together::{retry_conflicts, write_together};
pub use transaction::Tx;
