//! What went wrong, as `application/problem+json` (RFC 9457). One type for the whole edge; every answer that is not a success
//! is one. A failure of ours is logged here, once, and the caller learns its request id and nothing else.

mod sources;

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::QuotaReached;

/// An answer that is no success. `slug` is stable: programs may tell problems apart by it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) slug: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    retry_after: Option<u32>,
    field: Option<String>,
    limit: Option<u64>,
    quota: Option<Box<QuotaReached>>,
}

/// A problem as it is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'p> {
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
    /// The member of the body that will not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'p str>,
    /// The limit it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// The quota that is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<&'p str>,
    /// How much of the limit is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    /// Quote it when you ask for help: every log line of the request carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'p str>,
}

impl Problem {
    pub fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut detail = detail.into();
        // What is told of in it may be a sentence that has its full stop already.
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
            quota: None,
        }
    }

    /// One member of the body will not do.
    pub fn field(field: impl Into<String>, detail: impl Into<Cow<'static, str>>, limit: Option<u64>) -> Self {
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

    /// With the member of the body it is about.
    pub fn about(self, field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// With the limit it breaks.
    pub fn limited(self, limit: u64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// With a sentence more of what to do.
    pub fn and(self, hint: &str) -> Self {
        Self {
            detail: format!("{} {hint}", self.detail).into(),
            ..self
        }
    }

    /// As it stands within another answer.
    pub fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            kind: format!("urn:mainstay:problem:{}", self.slug),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            limit: self.limit,
            quota: self.quota.as_ref().map(|it| it.quota.as_str()),
            used: self.quota.as_ref().and_then(|it| u64::try_from(it.used).ok()),
            request_id: None,
        }
    }

    /// With the header `Retry-After`, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            ..self
        }
    }

    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "Invalid request", detail)
    }

    /// The body is JSON, but not of the shape that is expected.
    pub fn not_understood(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Self::invalid(detail)
        }
    }

    /// There is no such thing, or it is another tenant's.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        let detail = format!("There is no {what}. Check the id, and that the API key belongs to the same tenant.");
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// The same for the operator, from whom nothing is hidden.
    pub fn nothing_like(what: impl std::fmt::Display) -> Self {
        let detail = format!("There is no {what}.");
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    pub fn forbidden(slug: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, slug, "Forbidden", detail)
    }

    pub fn too_large(limit: usize) -> Self {
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

    /// A reader's time is over.
    fn too_slow() -> Self {
        const DETAIL: &str = "The database was not done in the time that a read has. Ask for less: narrow the search, or take smaller pages.";
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

    /// The answer, with the request's id in it once that is known.
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
    /// The problem goes along with the response, so that the frame around the handler can put the request's id into it.
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        response.extensions_mut().insert(self);
        response
    }
}
