//! Why something about contacts cannot be done.

use super::segments::language::FilterError;
use crate::domain::{ContactId, SegmentId};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    #[error("there is no {0}")]
    NotFound(String),
    #[error("{name}: {why}")]
    Invalid { name: String, why: String },
    #[error("{name} belongs to the contact {owner}")]
    Taken { name: &'static str, owner: ContactId },
    #[error("these identities belong to two contacts, {0} and {1}: merge them first")]
    TwoContacts(ContactId, ContactId),
    /// The version that the caller has seen is not the present one.
    #[error("it has changed: its version is {0}")]
    Changed(i64),
    #[error("{0} exists already")]
    Exists(String),
    #[error("at most {1} {0}")]
    TooMany(&'static str, usize),
    #[error("it is used by {}: change the filter first", named(.0))]
    UsedBySegments(Vec<(SegmentId, String)>),
    /// A filter in a member or parameter of this name.
    #[error("{0}: {1}")]
    Filter(&'static str, FilterError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl ContactError {
    pub(crate) fn invalid(name: impl Into<String>, why: impl ToString) -> Self {
        let (name, why) = (name.into(), why.to_string());
        Self::Invalid { name, why }
    }
}

pub(crate) type ContactResult<T> = Result<T, ContactError>;

fn named(segments: &[(SegmentId, String)]) -> String {
    let named: Vec<String> = segments
        .iter()
        .map(|(id, name)| format!("the segment {name:?} ({id})"))
        .collect();
    named.join(", ")
}
