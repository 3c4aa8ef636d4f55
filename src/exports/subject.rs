use serde::{Deserialize, Serialize};

use crate::{
    campaigns,
    contacts::store::exports,
    db::{On, Result},
    domain::{CampaignId, ConversationId, Permission, TenantId},
};

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportSubject {
    Contacts {
        /// Whether it is of the archived people instead of those in use.
        archived: bool,
        /// The text of a filter of those in use.
        #[serde(default)]
        filter: Option<String>,
    },
    Conversations,
    /// The messages of a conversation.
    Messages {
        conversation: ConversationId,
    },
    /// Campaigns with their numbers.
    Campaigns,
    /// The recipients of a campaign.
    Recipients {
        campaign: CampaignId,
    },
}

impl ExportSubject {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Contacts { .. } => "contacts",
            Self::Conversations => "conversations",
            Self::Messages { .. } => "messages",
            Self::Campaigns => "campaigns",
            Self::Recipients { .. } => "recipients",
        }
    }

    /// Returns the permission that its export needs.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Contacts { .. } => Permission::ContactsExport,
            Self::Conversations | Self::Messages { .. } => Permission::ConversationsExport,
            Self::Campaigns | Self::Recipients { .. } => Permission::CampaignsRead,
        }
    }

    /// Counts the rows that are looked at, up to `most`.
    pub async fn count(&self, on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
        match self {
            Self::Contacts { .. } => exports::count_contacts(on, tenant, most).await,
            Self::Conversations => exports::count_conversations(on, tenant, most).await,
            Self::Messages { conversation } => exports::count_messages(on, tenant, *conversation, most).await,
            Self::Campaigns => campaigns::store::count_all(on, tenant, most).await,
            Self::Recipients { campaign } => {
                let count = campaigns::store::count_recipients(on, tenant, *campaign).await?;
                Ok(count.min(most))
            }
        }
    }
}
