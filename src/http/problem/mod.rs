//! Errors as `application/problem+json` (RFC 9457): one type for every answer of the HTTP layer that is not a success. A fault of the server
//! is logged here, once; the caller learns only the request id.

mod sources;

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ContactId, QuotaReached},
    http::api::messages::MessageError,
};

/// An error answer. `slug` is stable: programs may tell problems apart by it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) slug: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    retry_after: Option<u32>,
    field: Option<String>,
    limit: Option<u64>,
    cause: Option<Box<Cause>>,
    /// Where in a text the problem is, in characters from 1.
    column: Option<usize>,
    /// The contact that the problem is about.
    contact: Option<ContactId>,
    /// Where the thing is now.
    location: Option<String>,
}

/// What a problem shows of its cause.
#[derive(Clone, Debug)]
enum Cause {
    Quota(QuotaReached),
    /// The error that the message would fail with.
    Failure(MessageError),
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

impl ProblemBody<'_> {
    /// Returns the type, the detail and the field.
    pub(crate) fn summary(self) -> (String, String, Option<String>) {
        (self.kind, self.detail.to_owned(), self.field.map(str::to_owned))
    }
}

impl Problem {
    pub fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut detail = detail.into();
        // An error text in it may end with a full stop of its own.
        if detail.ends_with("..") {
            detail = format!("{}.", detail.trim_end_matches('.')).into();
        }
        Self {
            status,
            slug,
            title,
            detail,
            retry_after: None,
            field: None,
            limit: None,
            cause: None,
            column: None,
            contact: None,
            location: None,
        }
    }

    /// Returns a 422 about one member of the body.
    pub(crate) fn invalid_field(
        field: impl Into<String>,
        detail: impl Into<Cow<'static, str>>,
        limit: Option<u64>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            limit,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-field",
                "Invalid request body",
                detail,
            )
        }
    }

    /// Adds the member of the body that the problem is about.
    pub(crate) fn with_field(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// Adds the error that the message would fail with.
    pub(crate) fn with_error(self, error: MessageError) -> Self {
        Self {
            cause: Some(Box::new(Cause::Failure(error))),
            ..self
        }
    }

    /// Adds where in a text the problem is.
    pub(crate) fn with_column(self, column: usize) -> Self {
        let column = Some(column);
        Self { column, ..self }
    }

    /// Adds the contact that the problem is about.
    pub(crate) fn with_contact(self, contact: ContactId) -> Self {
        let contact = Some(contact);
        Self { contact, ..self }
    }

    /// Adds the limit that was exceeded.
    pub(crate) fn with_limit(self, limit: u64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Appends a sentence on what to do.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        Self {
            detail: format!("{} {hint}", self.detail).into(),
            ..self
        }
    }

    /// Returns the problem as a member of another answer, such as a result of a batch.
    pub fn body(&self) -> ProblemBody<'_> {
        let (quota, error) = match self.cause.as_deref() {
            Some(Cause::Quota(reached)) => (Some(reached), None),
            Some(Cause::Failure(error)) => (None, Some(error)),
            None => (None, None),
        };
        ProblemBody {
            kind: format!("urn:mainstay:problem:{}", self.slug),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            limit: self.limit,
            quota: quota.map(|it| it.quota.as_str()),
            used: quota.and_then(|it| u64::try_from(it.used).ok()),
            column: self.column,
            contact_id: self.contact,
            error,
            request_id: None,
        }
    }

    /// Adds the header `Retry-After`, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            ..self
        }
    }

    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "Invalid request", detail)
    }

    /// Returns a 422: the body is JSON, but not of the expected shape.
    pub(crate) fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Self::invalid(detail)
        }
    }

    /// Returns a 404 for a tenant: the item does not exist, or belongs to another tenant.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        let detail = format!("There is no {what}. Check the id, and that the API key belongs to the same tenant.");
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// Returns a 404 for the operator, from whom nothing is hidden.
    pub(crate) fn no_such(what: impl std::fmt::Display) -> Self {
        let detail = format!("There is no {what}.");
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// Returns a 308: the item was merged into another one, which is at this path.
    pub(crate) fn moved(old: &str, into: &str, path: String) -> Self {
        let detail = format!("{old} was merged into {into}. Use that id from now on.");
        Self {
            location: Some(path),
            ..Self::new(StatusCode::PERMANENT_REDIRECT, "merged", "Merged", detail)
        }
    }

    pub(crate) fn forbidden(slug: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, slug, "Forbidden", detail)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("The body is longer than the {limit} bytes taken here.");
        Self {
            limit: Some(limit as u64),
            ..Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "Request body too large",
                detail,
            )
        }
    }

    pub fn unavailable() -> Self {
        const DETAIL: &str = "The database does not answer just now. Try again in a few seconds; a POST without an Idempotency-Key may have been done, so look first.";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Temporarily unavailable",
            DETAIL,
        )
        .retry_after(5)
    }

    /// Returns a 503: the statement timeout of a read has passed.
    fn too_slow() -> Self {
        const DETAIL: &str = "The read exceeded its time limit. Ask for less: narrow the search, or use smaller pages.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "Timed out", DETAIL).retry_after(10)
    }

    pub fn internal() -> Self {
        const DETAIL: &str = "This is a defect of the server. Report it with the request id.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal server error",
            DETAIL,
        )
    }

    /// Renders the response, with the request's id once that is known.
    pub(super) fn render(&self, request_id: Option<&str>) -> Response {
        let body = ProblemBody {
            request_id,
            ..self.body()
        };
        let kind = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        )];
        let mut response = (self.status, kind, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let location = self.location.as_deref().and_then(|it| HeaderValue::from_str(it).ok());
        if let Some(location) = location {
            headers.insert(header::LOCATION, location);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Attaches the problem to the response, so that the middleware around the handler can render it with the request's id.
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        response.extensions_mut().insert(self);
        response
    }
}
