use super::{MediaKind, Rejected, limits};
use crate::{
    db::{On, Result},
    domain::{MediaId, TenantId, WorkState},
    media::store,
};

/// Checks whether media can be sent as this kind, to reject a message before it is queued.
pub async fn check_sendable(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    id: MediaId,
    kind: MediaKind,
) -> Result<std::result::Result<(), SendableError>> {
    let Some(found) = store::find(on, tenant, id).await? else {
        return Ok(Err(SendableError::Unknown));
    };
    if found.deleted_at.is_some() {
        return Ok(Err(SendableError::Deleted));
    }
    Ok(match (WorkState::parse(&found.state), found.size, &found.mime_type) {
        (Some(WorkState::Done), Some(size), Some(mime_type)) => {
            let size = u64::try_from(size).unwrap_or(u64::MAX);
            limits::check_sendable(kind, mime_type, size).map_err(SendableError::Rejected)
        }
        (Some(WorkState::Pending | WorkState::Running), ..) => Err(SendableError::NotYet),
        _ => Err(SendableError::Failed),
    })
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
