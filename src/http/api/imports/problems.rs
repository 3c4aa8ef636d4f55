use axum::http::StatusCode;

use crate::{
    contacts::import::{ImportError, MAX_BYTES, MAX_OPEN},
    http::problem::Problem,
};

/// Converts an error of an import to a problem.
pub(super) fn import_problem(error: ImportError) -> Problem {
    let detail = format!("The import is refused: {error}.");
    match error {
        ImportError::TooManyOpen => {
            let detail = format!(
                "{} imports wait already. Begin this one when one of them has ended.",
                MAX_OPEN - 1
            );
            Problem::new(StatusCode::CONFLICT, "too-many-imports", "Too many imports", detail)
        }
        ImportError::TooLarge | ImportError::TooManyRows => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            let problem = Problem::new(status, "import-too-large", "File too large", detail);
            problem.with_limit(MAX_BYTES).with_hint("Send it in several files.")
        }
        ImportError::NoDraft => Problem::new(
            StatusCode::CONFLICT,
            "wrong-state",
            "Conflict with the current state",
            format!("{detail} Read it again: only a draft can be given rows."),
        ),
        ImportError::Incomplete(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "Incomplete upload",
            format!("The body broke off: {why}. Send it again."),
        ),
        ImportError::Storage(error) => {
            tracing::error!(%error, "the file of an import could not be stored");
            let words =
                "The file storage is not available at the moment; nothing was stored. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Temporarily unavailable", words).retry_after(5)
        }
        ImportError::Database(error) => error.into(),
        ImportError::NoEvidence => Problem::invalid_field("consent", detail, None),
        ImportError::UnknownCountry(_) => Problem::invalid_field("default_country", detail, None),
        ImportError::TooManyTags => Problem::invalid_field("tags", detail, None),
        ImportError::Mapping(_) => Problem::invalid_field("mapping", detail, None),
        ImportError::NoRows | ImportError::Format(_) | ImportError::Row { .. } | ImportError::Quote(_) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-importable",
            "File cannot be imported",
            detail,
        ),
    }
}
