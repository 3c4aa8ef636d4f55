//! A problem as it is sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::{
    domain::{ContactId, QuotaReached},
    http::api::messages::MessageError,
};

/// What a problem shows of its cause.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    Quota(QuotaReached),
    /// The error that the message would fail with.
    Failure(MessageError),
    /// Where in a text the problem is, in characters from 1.
    Column(usize),
    /// The contact that the problem is about.
    Contact(ContactId),
    /// Where the thing is now.
    Moved(String),
}

/// A problem as sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'p> {
    /// `urn:mainstay:problem:` and a name that does not change.
    #[serde(rename = "type")]
    #[schema(example = "urn:mainstay:problem:not-found")]
    kind: String,
    /// What the type means, in a few words.
    title: &'p str,
    /// The HTTP status again.
    status: u16,
    /// What is wrong this time, and what to do about it.
    detail: &'p str,
    /// The invalid member of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'p str>,
    /// The limit that was exceeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// The quota that is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<&'p str>,
    /// How much of the limit is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    /// Where in a filter the problem is: the number of the character, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The contact that has what was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<ContactId>,
    /// The error that the message would fail with, as in a failed message.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'p MessageError>,
    /// Quote it when you ask for help: every log line of the request carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'p str>,
}

impl<'p> ProblemBody<'p> {
    /// Adds the id of the request.
    pub(super) fn of_request(self, request_id: Option<&'p str>) -> Self {
        Self { request_id, ..self }
    }

    /// Returns the type, the detail and the field.
    pub(crate) fn summary(self) -> (String, String, Option<String>) {
        (self.kind, self.detail.to_owned(), self.field.map(str::to_owned))
    }
}

impl Problem {
    /// Returns the problem as a member of another answer, such as a result of a batch.
    pub fn body(&self) -> ProblemBody<'_> {
        let mut body = ProblemBody {
            kind: format!("urn:mainstay:problem:{}", self.slug),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            limit: self.limit,
            quota: None,
            used: None,
            column: None,
            contact_id: None,
            error: None,
            request_id: None,
        };
        match self.cause.as_deref() {
            Some(Cause::Quota(reached)) => {
                body.quota = Some(reached.quota.as_str());
                body.used = u64::try_from(reached.used).ok();
            }
            Some(Cause::Failure(error)) => body.error = Some(error),
            Some(Cause::Column(column)) => body.column = Some(*column),
            Some(Cause::Contact(contact)) => body.contact_id = Some(*contact),
            Some(Cause::Moved(_)) | None => {}
        }
        body
    }
}
