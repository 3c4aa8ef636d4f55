use super::{MediaKind, Rejected, limits, store::StoredMedia};
use crate::domain::WorkState;

/// Checks whether media can be sent as this kind, to reject a message before it is queued. `None` is media that does not exist.
pub fn check_sendable(media: Option<&StoredMedia>, kind: MediaKind) -> Result<(), SendableError> {
    let found = media.ok_or(SendableError::Unknown)?;
    if found.deleted_at.is_some() {
        return Err(SendableError::Deleted);
    }
    match (found.state, found.size, &found.mime_type) {
        (WorkState::Done, Some(size), Some(mime_type)) => {
            let size = u64::try_from(size).unwrap_or(u64::MAX);
            limits::check_sendable(kind, mime_type, size).map_err(SendableError::Rejected)
        }
        (WorkState::Pending | WorkState::Running, ..) => Err(SendableError::NotYet),
        _ => Err(SendableError::Failed),
    }
}

/// Reason why media cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendableError {
    #[error("there is no such media")]
    Unknown,
    #[error("it was deleted")]
    Deleted,
    #[error("it could not be fetched from Meta")]
    Failed,
    #[error("it is still being fetched from Meta")]
    NotYet,
    #[error(transparent)]
    Rejected(Rejected),
}
