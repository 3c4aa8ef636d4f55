//! Conversions of the services' errors to problems.

use axum::http::StatusCode;

use super::Problem;
use crate::{
    db,
    domain::QuotaReached,
    inbound::{intake::NotStored, replay::ReplayError},
    memory::MemoryExhausted,
    meta::message::Invalid,
    provider::NotSupported,
    tenancy::TenancyError,
};

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if db::is_unavailable(&error) {
            tracing::warn!(%error, "the database is not available to a request");
            return Self::unavailable();
        }
        if db::is_statement_timeout(&error) {
            metrics::counter!("mainstay_reads_refused_total", "reason" => "slow").increment(1);
            return Self::too_slow();
        }
        tracing::error!(%error, "a request failed in the database");
        Self::internal()
    }
}

impl From<MemoryExhausted> for Problem {
    fn from(why: MemoryExhausted) -> Self {
        let detail = format!("There is no room for the request: {why}.");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Temporarily unavailable",
            detail,
        )
        .retry_after(2)
    }
}

impl From<QuotaReached> for Problem {
    fn from(reached: QuotaReached) -> Self {
        metrics::counter!("mainstay_quota_reached_total", "quota" => reached.quota.as_str()).increment(1);
        let detail = format!("There is no room: {reached}.");
        Self {
            limit: u64::try_from(reached.limit).ok(),
            cause: Some(Box::new(super::Cause::Quota(reached))),
            ..Self::new(StatusCode::FORBIDDEN, "quota-reached", "Quota exceeded", detail)
        }
    }
}

impl From<NotSupported> for Problem {
    fn from(why: NotSupported) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-supported-by-provider",
            "Not supported by the provider",
            format!("{why}."),
        )
    }
}

impl From<TenancyError> for Problem {
    fn from(error: TenancyError) -> Self {
        match error {
            TenancyError::Invalid(detail) => Self::invalid(detail),
            TenancyError::Conflict(detail) => Self::new(StatusCode::CONFLICT, "conflict", "Already exists", detail),
            TenancyError::NotFound(what) => Self::no_such(what),
            TenancyError::Quota(reached) => reached.into(),
            TenancyError::Database(error) => error.into(),
            TenancyError::KeyUnavailable => {
                tracing::error!(%error, "a request failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "key-lost", "Secret cannot be decrypted", error.to_string())
            }
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Running | ReplayError::EmptyRange => Self::invalid(error.to_string()),
            ReplayError::Database(error) => error.into(),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let detail = format!("{invalid}.");
        Self::invalid_field(invalid.field, detail, invalid.limit)
    }
}

impl From<NotStored> for Problem {
    /// Returns a 503; Meta retries for seven days.
    fn from(error: NotStored) -> Self {
        let seconds = match error {
            NotStored::Full => 1,
            NotStored::Unavailable => 5,
        };
        let detail = format!("Not stored: {error}. Send it again.");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-stored",
            "Temporarily unavailable",
            detail,
        )
        .retry_after(seconds)
    }
}
