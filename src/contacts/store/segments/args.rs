//! Values that a filter's statement binds.

use chrono::{DateTime, Utc};
use sqlx::{postgres::PgArguments, sqlite::SqliteArguments};
use uuid::Uuid;

use crate::db::{Arg, Cell, Result};

/// A value of a filter. Whatever a person wrote is bound as one of these, and never a part of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterArg {
    Id(Uuid),
    /// An array on PostgreSQL, so many values on SQLite.
    Ids(Vec<Uuid>),
    Text(String),
    /// An array on PostgreSQL, a list in JSON on SQLite.
    Texts(Vec<String>),
    Time(DateTime<Utc>),
}

impl Arg for FilterArg {
    fn sqlite(self, to: &mut SqliteArguments) -> Result<()> {
        match self {
            Self::Id(id) => Arg::sqlite(id, to),
            Self::Ids(ids) => ids.into_iter().try_for_each(|id| Arg::sqlite(id, to)),
            Self::Text(text) => Arg::sqlite(text, to),
            Self::Texts(texts) => Arg::sqlite(serde_json::Value::from(texts).to_string(), to),
            Self::Time(at) => Arg::sqlite(at, to),
        }
    }

    fn postgres(self, to: &mut PgArguments) -> Result<()> {
        match self {
            Self::Id(id) => Arg::postgres(id, to),
            Self::Ids(ids) => Cell::array(ids, to),
            Self::Text(text) => Arg::postgres(text, to),
            Self::Texts(texts) => Cell::array(texts, to),
            Self::Time(at) => Arg::postgres(at, to),
        }
    }
}
