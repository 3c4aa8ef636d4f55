//! Classification of database errors.

use sqlx::Error;

/// Returns whether the database cannot serve at present (connection lost, shutting down, out of disk), so that a retry is worthwhile.
pub fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        Error::Protocol(_) => true,
        Error::Database(error) => match error.code().as_deref() {
            // PostgreSQL: class 08 connection, 53 resources (disk full, too many connections), 57P shutdown.
            Some(code) if code.len() == 5 => {
                code.starts_with("08") || code.starts_with("53") || code.starts_with("57P")
            }
            // SQLite primary codes (low byte): BUSY 5, LOCKED 6, IOERR 10, FULL 13, CANTOPEN 14.
            Some(code) => code
                .parse::<u32>()
                .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)),
            None => false,
        },
        _ => false,
    }
}

/// Returns whether a reader's statement exceeded its time limit: PostgreSQL's `query_canceled`, SQLite's `SQLITE_INTERRUPT`.
pub fn is_statement_timeout(error: &Error) -> bool {
    matches!(error, Error::Database(error) if matches!(error.code().as_deref(), Some("57014" | "9")))
}

/// Returns whether two transactions conflicted: a retry is expected to succeed.
pub fn is_conflict(error: &Error) -> bool {
    if let Error::AnyDriverError(error) = error {
        return error.is::<ConflictError>();
    }
    let Error::Database(error) = error else { return false };
    matches!(error.code().as_deref(), Some("40001" | "40P01" | "55P03")) || error.is_unique_violation()
}

#[derive(Debug, thiserror::Error)]
#[error("conflict with a concurrent transaction")]
struct ConflictError;

/// Creates the error of a caller that finds fewer rows changed than expected, because another transaction was faster.
pub fn conflict_error() -> Error {
    Error::AnyDriverError(Box::new(ConflictError))
}
