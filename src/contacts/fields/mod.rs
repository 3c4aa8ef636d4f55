//! Custom fields: what they are called, and what may stand in them.

mod manage;
mod value;

pub(crate) use manage::{FieldDraft, FieldUpdate, archive, create, list, update};
pub(crate) use value::{FieldProblem, canonical};
