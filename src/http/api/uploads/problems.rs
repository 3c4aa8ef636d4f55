use axum::http::StatusCode;

use crate::{
    egress,
    http::problem::Problem,
    media::{Rejected, UploadError},
};

/// Converts an error of an upload to a problem.
pub(crate) fn upload_problem(error: UploadError) -> Problem {
    let detail = |error: &UploadError| format!("The file is refused: {error}.");
    match error {
        UploadError::Rejected(Rejected::TooLarge { .. }) | UploadError::Egress(egress::Error::TooLarge { .. }) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "media-too-large",
                "File too large",
                detail(&error),
            )
        }
        UploadError::Rejected(Rejected::Empty) => Problem::invalid("The file is empty."),
        UploadError::Rejected(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            detail(&error),
        ),
        UploadError::Egress(egress::Error::Refused(refused)) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-refused",
            "URL not allowed",
            format!("`url` is refused: {refused}."),
        ),
        UploadError::Egress(error) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "url-failed",
            "File could not be fetched",
            format!("`url` could not be fetched: {error}."),
        ),
        UploadError::Incomplete(why) => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "Incomplete upload",
            format!("The body broke off: {why}. Send it again."),
        ),
        UploadError::MemoryExhausted(why) => why.into(),
        UploadError::Storage(error) => {
            tracing::error!(%error, "an upload could not be stored");
            let words =
                "The file storage is not available at the moment; nothing was stored. Try again in a few seconds.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Problem::new(status, "storage-unavailable", "Temporarily unavailable", words).retry_after(5)
        }
        UploadError::Quota(reached) => reached.into(),
        UploadError::Database(error) => error.into(),
    }
}
