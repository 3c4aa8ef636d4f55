//! Errors of Graph API requests.

use std::time::Duration;

use super::errors::{self, Effect, ErrorEntry};

/// An error that the Graph API answered. Branch on `code`, show `details`; Meta is removing titles ("Error codes" in Meta's documentation).
/// Neither text ever contains the access token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {title}{}", details_suffix(details))]
pub struct GraphError {
    pub http_status: u16,
    /// The [effective](errors::effective_code) code: Meta's `code`, or its `error_subcode` where that is more specific.
    pub code: i64,
    /// `error_subcode` as sent.
    pub subcode: Option<i64>,
    /// `message` without its leading `(#code)`.
    pub title: String,
    /// `error_data.details`, the text in place of `error_data`, or `error_user_msg`.
    pub details: Option<String>,
    /// Trace id for requests to Meta's support.
    pub fbtrace_id: Option<String>,
}

fn details_suffix(details: &Option<String>) -> String {
    details
        .as_ref()
        .map(|details| format!(": {details}"))
        .unwrap_or_default()
}

impl GraphError {
    /// Returns the table entry of the code: class, retry rule, who must act.
    pub fn entry(&self) -> &'static ErrorEntry {
        errors::entry(self.code)
    }

    /// Returns whether the error blocks the channel until it is checked.
    pub fn trips_channel(&self) -> bool {
        self.entry().has_effect(Effect::TripChannel)
    }
}

/// Failure of a Graph API request other than a send. For sends, [`super::SendOutcome`] states what Meta may have done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("Meta refused: {0}")]
    Refused(GraphError),
    /// No connection, a lost connection, or a timeout.
    #[error("no answer from Meta: {0}")]
    NoAnswer(String),
    /// The answer is neither the expected object nor an error in Meta's format.
    #[error("an unreadable answer from Meta (HTTP {http_status}): {why}")]
    Unreadable { http_status: u16, why: String },
    /// The media URL has expired (after five minutes); request the media info again for a new one.
    #[error("the address of the file has expired")]
    Expired,
    /// The host of the media URL is not one of Meta's. Not requested, because the request would carry the access token.
    #[error("{0:?} is not one of Meta's hosts")]
    ForeignHost(String),
    /// The file to upload has an invalid media type or could not be read to its end.
    #[error("the file cannot be uploaded: {0}")]
    Source(String),
}

/// Marks, in an error's source chain, that reading the file to upload failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct SourceFailed(pub std::io::Error);

impl Error {
    pub(super) fn transport(error: &reqwest::Error, timeout: Duration) -> Self {
        let mut deeper: Option<&dyn std::error::Error> = Some(error);
        while let Some(cause) = deeper {
            if let Some(SourceFailed(why)) = cause.downcast_ref() {
                return Self::Source(why.to_string());
            }
            deeper = cause.source();
        }
        Self::NoAnswer(cause(error, timeout))
    }
}

/// Describes a transport error by its deepest source, which is the most specific. Omits the URL, which may contain a token.
pub(super) fn cause(error: &reqwest::Error, timeout: Duration) -> String {
    match (error.is_timeout(), error.is_connect()) {
        (true, true) => return "no connection in time".to_owned(),
        (true, false) => return format!("no answer within {} s", timeout.as_secs_f64()),
        (false, _) => {}
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if cause.is::<reqwest::Error>() {
        return "the request could not be made".to_owned();
    }
    cause.to_string()
}
