use super::task::MAX_OPEN;
use crate::{campaigns::CampaignError, contacts::ContactError};

/// Why an export cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("{MAX_OPEN} exports are on their way already")]
    TooManyOpen,
    /// The filter of its contacts is none, or none any more.
    #[error(transparent)]
    Contact(ContactError),
    /// The campaign is gone, or its recipients are.
    #[error(transparent)]
    Campaign(CampaignError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<ContactError> for ExportError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Database(error) => Self::Database(error),
            error => Self::Contact(error),
        }
    }
}

impl From<CampaignError> for ExportError {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Database(error) => Self::Database(error),
            error => Self::Campaign(error),
        }
    }
}
