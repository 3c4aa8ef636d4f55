//! What a failure of the database means for the caller.

use sqlx::Error;

/// The database cannot serve at all just now: connection lost, shutting down, out of disk. Worth waiting for.
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

/// A reader's statement took longer than a reader may: PostgreSQL's `query_canceled`, SQLite's `SQLITE_INTERRUPT`.
pub fn is_too_slow(error: &Error) -> bool {
    matches!(error, Error::Database(error) if matches!(error.code().as_deref(), Some("57014" | "9")))
}

/// Two transactions met: the same work, done again, is expected to succeed.
pub fn is_conflict(error: &Error) -> bool {
    if let Error::AnyDriverError(error) = error {
        return error.is::<Collision>();
    }
    let Error::Database(error) = error else { return false };
    matches!(error.code().as_deref(), Some("40001" | "40P01" | "55P03")) || error.is_unique_violation()
}

#[derive(Debug, thiserror::Error)]
#[error("another transaction made the same row at the same moment")]
struct Collision;

/// For a caller that finds fewer rows changed than it asked for, because somebody else was quicker.
pub fn collision() -> Error {
    Error::AnyDriverError(Box::new(Collision))
}
