//! Errors as `application/problem+json` (RFC 9457): one type for every answer of the HTTP layer that is not a success. A fault of the server
//! is logged here, once; the caller learns only the request id.

mod body;
mod sources;

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use body::Cause;
pub(crate) use body::ProblemBody;

use crate::{domain::ContactId, http::api::messages::MessageError};

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

    fn caused_by(self, cause: Cause) -> Self {
        let cause = Some(Box::new(cause));
        Self { cause, ..self }
    }

    /// Adds the error that the message would fail with.
    pub(crate) fn with_error(self, error: MessageError) -> Self {
        self.caused_by(Cause::Failure(error))
    }

    /// Adds where in a text the problem is.
    pub(crate) fn with_column(self, column: usize) -> Self {
        self.caused_by(Cause::Column(column))
    }

    /// Adds the contact that the problem is about.
    pub(crate) fn with_contact(self, contact: ContactId) -> Self {
        self.caused_by(Cause::Contact(contact))
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
        Self::new(StatusCode::PERMANENT_REDIRECT, "merged", "Merged", detail).caused_by(Cause::Moved(path))
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
        let body = self.body().of_request(request_id);
        let kind = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        )];
        let mut response = (self.status, kind, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(Cause::Moved(path)) = self.cause.as_deref()
            && let Ok(location) = HeaderValue::from_str(path)
        {
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
