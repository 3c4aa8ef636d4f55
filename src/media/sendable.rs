use super::{MediaKind, Rejected, table};
use crate::{
    db::{On, Result},
    domain::{MediaId, TenantId, WorkState},
    media::store,
};

/// Whether media can be sent as what it is to be sent as; for an answer before anything is queued.
pub async fn sendable(
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
            table::sendable(kind, mime_type, size).map_err(SendableError::Rejected)
        }
        (Some(WorkState::Pending | WorkState::Running), ..) => Err(SendableError::NotYet),
        _ => Err(SendableError::Failed),
    })
}

/// Why media cannot be sent.
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
