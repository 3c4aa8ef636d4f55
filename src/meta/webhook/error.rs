//! Errors as Meta reports them inside webhooks: on a message, a status, or on a value of its own.

use super::batch::Beside;
use super::json::Json;
use super::{Change, UnknownReason};
use crate::meta::error_data;

/// See "Error codes" in Meta's documentation: branch on `code`, show `details`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaError {
    /// Absent only in what Meta would not send.
    pub code: Option<i64>,
    /// What is wrong where the code says only that something is.
    pub subcode: Option<i64>,
    pub title: Option<String>,
    pub message: Option<String>,
    /// `error_data.details`, the text in place of `error_data`, or `details` as older versions have it.
    pub details: Option<String>,
    /// Where the code is explained; may be a path without a host.
    pub href: Option<String>,
}

impl MetaError {
    fn read(error: &Json<'_>) -> MetaError {
        let data = error.get("error_data");
        MetaError {
            code: error.get("code").int(),
            subcode: error.get("error_subcode").int().filter(|code| *code != 0),
            title: error.get("title").text(),
            message: error.get("message").text(),
            details: (data.get("details").text())
                .or_else(|| error_data::details_of_text(data.str()?))
                .or_else(|| error.get("details").text()),
            href: error.get("href").text(),
        }
    }

    pub(super) fn list(errors: &Json<'_>) -> Vec<MetaError> {
        errors
            .list()
            .iter()
            .filter(|error| error.is_object())
            .map(MetaError::read)
            .collect()
    }
}

/// An error that belongs to the account, the app or the number rather than to one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    pub error: MetaError,
    pub raw: String,
}

pub(super) fn error(_: &Beside<'_>, json: &Json<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let error = MetaError::read(json);
    if error == MetaError::default() {
        return Err(UnknownReason::MissingEssentials);
    }
    Ok(Change::Error(ValueError {
        error,
        raw: raw.to_owned(),
    }))
}
