//! Values of custom fields in the cells of an import.

use std::collections::BTreeMap;

use super::row_error::RowErrorCode;
use crate::{
    contacts::{
        fields::{self, FieldProblem},
        store::fields::ContactField,
    },
    domain::FieldType,
};

/// The custom fields in use, by key.
pub(crate) type FieldCatalogue = BTreeMap<String, FieldRule>;

/// A custom field, as far as its values are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldRule {
    pub kind: FieldType,
    /// Of a choice.
    pub choices: Vec<String>,
}

/// Returns the fields in use, of all of a tenant.
pub(super) fn in_use(fields: Vec<ContactField>) -> FieldCatalogue {
    let in_use = fields.into_iter().filter(|it| it.archived_at.is_none());
    let rule = |it: ContactField| {
        let choices = it.choices();
        (it.key, FieldRule { kind: it.kind, choices })
    };
    in_use.map(rule).collect()
}

/// Returns the stored form of a value of a field that is in use.
pub(super) fn canonical(fields: &FieldCatalogue, key: &str, text: &str) -> Result<String, RowErrorCode> {
    // It was archived since the file was taken in.
    let field = fields.get(key).ok_or(RowErrorCode::FieldType)?;
    match fields::canonical(field.kind, &field.choices, text) {
        Ok(value) => Ok(value.unwrap_or_default()),
        Err(FieldProblem::Type(..)) => Err(RowErrorCode::FieldType),
        Err(FieldProblem::Choice(..)) => Err(RowErrorCode::FieldChoice),
        Err(FieldProblem::TooLong) => Err(RowErrorCode::TooLong),
    }
}
