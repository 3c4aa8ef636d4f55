//! Why something about campaigns cannot be done.

use crate::{
    contacts::ContactError,
    domain::{CampaignId, CampaignStatus},
    templates::TemplateError,
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum CampaignError {
    #[error("there is no campaign {0}")]
    NotFound(CampaignId),
    #[error("{field}: {why}")]
    Invalid { field: String, why: String },
    /// What was asked for, and what the campaign is.
    #[error("a campaign that is {1} cannot be {0}")]
    WrongStatus(&'static str, CampaignStatus),
    #[error("it has changed: its version is {0}")]
    Changed(i64),
    /// An import of its rows has not completed.
    #[error("the rows are not complete: {0}")]
    RowsPending(String),
    /// What is launched is not what the preflight looked at.
    #[error("the preflight is not true any more: {0}")]
    Stale(&'static str),
    #[error("at most {1} {0}")]
    TooMany(&'static str, usize),
    /// Its messages may have been removed by the tenant's retention, of so many days.
    #[error("its messages may be gone: it began more than {0} days ago, and messages are kept that long")]
    NotKept(i64),
    /// Its recipients are past their retention.
    #[error("the recipients of {0} were removed: MAINSTAY_CAMPAIGN_DAYS after its end, as all are")]
    RecipientsRemoved(CampaignId),
    /// The audience cannot be read.
    #[error(transparent)]
    Audience(ContactError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl CampaignError {
    pub(crate) fn invalid(field: impl Into<String>, why: impl ToString) -> Self {
        let (field, why) = (field.into(), why.to_string());
        Self::Invalid { field, why }
    }
}

impl From<ContactError> for CampaignError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Database(error) => Self::Database(error),
            error => Self::Audience(error),
        }
    }
}

pub(crate) type CampaignResult<T> = Result<T, CampaignError>;
