use std::time::Duration;

use super::errors::{self, Effect, Entry};

/// An error as Meta answers it. Branch on `code`, show `details`; titles are on their way out ("Error codes" in Meta's
/// documentation). Neither text ever holds the access token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {title}{}", behind(details))]
pub struct GraphError {
    pub http_status: u16,
    /// The code that [decides](errors::decisive): Meta's `code`, or its `error_subcode` where that says more.
    pub code: i64,
    /// `error_subcode`, as Meta sent it.
    pub subcode: Option<i64>,
    /// `message` without its leading `(#code)`.
    pub title: String,
    /// `error_data.details`, the text in place of `error_data`, or what Meta would have us show to a user.
    pub details: Option<String>,
    /// Quote it when asking Meta for help.
    pub fbtrace_id: Option<String>,
}

fn behind(details: &Option<String>) -> String {
    details
        .as_ref()
        .map(|details| format!(": {details}"))
        .unwrap_or_default()
}

impl GraphError {
    /// What is known of the code: its class, whether to try again, who must act.
    pub fn entry(&self) -> &'static Entry {
        errors::entry(self.code)
    }

    /// Whether the channel may send nothing more until it was checked.
    pub fn trips_channel(&self) -> bool {
        self.entry().has(Effect::TripChannel)
    }
}

/// Why a call other than a send came to nothing. Only a send distinguishes what Meta may have done (see [`super::Sent`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("Meta refused: {0}")]
    Refused(GraphError),
    /// No connection, a lost one, or no answer in time.
    #[error("no answer from Meta: {0}")]
    NoAnswer(String),
    /// Neither what was asked for nor an error as Meta makes them.
    #[error("an unreadable answer from Meta (HTTP {http_status}): {why}")]
    Unreadable { http_status: u16, why: String },
    /// Where to find media expires after five minutes; ask for the media again.
    #[error("the address of the file has expired")]
    Expired,
    /// Only Meta's hosts are asked for media, for they are shown the access token.
    #[error("{0:?} is not one of Meta's hosts")]
    ForeignHost(String),
    /// What was to be uploaded could not be: its type is none, or it could not be read to its end.
    #[error("the file cannot be uploaded: {0}")]
    Source(String),
}

/// Marks, in the chain of causes, that our own side of an upload failed.
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

/// What went wrong, from the deepest cause, which says most. The address is left out: it may hold a token.
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
