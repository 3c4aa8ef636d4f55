//! Errors reported inside webhooks: on a message, a status, or the value itself.

use super::batch::ValueContext;
use super::json::JsonTree;
use super::{Change, UnknownReason};
use crate::error_data;

/// An error in a webhook. Branch on `code`, show `details` ("Error codes" in Meta's documentation).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookError {
    /// Always present in webhooks from Meta.
    pub code: Option<i64>,
    /// `error_subcode`, which is more specific where the code is generic.
    pub subcode: Option<i64>,
    pub title: Option<String>,
    pub message: Option<String>,
    /// `error_data.details`, the text in place of `error_data`, or `details` as older versions have it.
    pub details: Option<String>,
    /// Link to the documentation; may be a path without a host.
    pub href: Option<String>,
}

impl WebhookError {
    fn read(error: &JsonTree<'_>) -> WebhookError {
        let data = error.get("error_data");
        WebhookError {
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

    pub(super) fn list(errors: &JsonTree<'_>) -> Vec<WebhookError> {
        errors
            .list()
            .iter()
            .filter(|error| error.is_object())
            .map(WebhookError::read)
            .collect()
    }
}

/// An error of the account, the app or the number rather than of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    pub error: WebhookError,
    pub raw: String,
}

pub(super) fn error(_: &ValueContext<'_>, json: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let error = WebhookError::read(json);
    if error == WebhookError::default() {
        return Err(UnknownReason::MissingEssentials);
    }
    Ok(Change::Error(ValueError {
        error,
        raw: raw.to_owned(),
    }))
}
