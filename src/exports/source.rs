//! Where the rows of an export come from, page by page.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    campaigns::{self, CampaignSource, RecipientSource},
    contacts::{self, ContactSource},
    error::ExportError,
    sheet::ExportValue,
    subject::ExportSubject,
    talk,
};
use crate::{
    clock::Clock,
    contacts::store::exports::MessagePlace,
    db::{Db, Result, Tx},
    domain::{ConversationId, Id, MessageId, TenantId},
};

/// Rows that a page of most sources looks at.
pub(super) const PAGE: i64 = 1_000;

/// Rows of a page.
pub(super) struct SourcePage {
    pub rows: Vec<Vec<ExportValue>>,
    /// Whether no page follows.
    pub is_last: bool,
}

impl SourcePage {
    /// Returns a page of a source that reads [`PAGE`] rows, unless it is the last.
    pub fn of(rows: Vec<Vec<ExportValue>>) -> Self {
        let is_last = (rows.len() as i64) < PAGE;
        Self { rows, is_last }
    }
}

/// What is exported, and after which row the next page begins.
pub(super) enum ExportSource {
    Contacts(Box<ContactSource>),
    Conversations {
        after: ConversationId,
    },
    Messages {
        conversation: ConversationId,
        after: MessagePlace,
    },
    Campaigns(CampaignSource),
    Recipients(Box<RecipientSource>),
}

impl ExportSource {
    /// Reads what all pages need.
    pub async fn begin(
        db: &Db,
        clock: &Clock,
        tenant: TenantId,
        subject: ExportSubject,
    ) -> std::result::Result<Self, ExportError> {
        let mut tx = db.begin_read_as(tenant).await?;
        let source = match subject {
            ExportSubject::Contacts { archived, filter } => {
                let begun = ContactSource::begin(&mut tx, tenant, archived, filter.as_deref(), clock.now()).await?;
                Self::Contacts(Box::new(begun))
            }
            ExportSubject::Conversations => Self::Conversations {
                after: ConversationId::from_uuid(Uuid::nil()),
            },
            ExportSubject::Messages { conversation } => Self::Messages {
                conversation,
                after: (DateTime::<Utc>::UNIX_EPOCH, MessageId::from_uuid(Uuid::nil())),
            },
            ExportSubject::Campaigns => Self::Campaigns(CampaignSource::begin()),
            ExportSubject::Recipients { campaign } => {
                Self::Recipients(Box::new(RecipientSource::begin(&mut tx, tenant, campaign).await?))
            }
        };
        tx.commit().await?;
        Ok(source)
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> Vec<String> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Self::Contacts(source) => contacts::columns(&source.fields),
            Self::Conversations { .. } => named(talk::CONVERSATION_COLUMNS),
            Self::Messages { .. } => named(talk::MESSAGE_COLUMNS),
            Self::Campaigns(_) => named(campaigns::CAMPAIGN_COLUMNS),
            Self::Recipients(_) => named(campaigns::RECIPIENT_COLUMNS),
        }
    }

    /// Reads the next page.
    pub async fn read(&mut self, tx: &mut Tx, tenant: TenantId) -> Result<SourcePage> {
        match self {
            Self::Contacts(source) => source.read(tx, tenant).await,
            Self::Conversations { after } => {
                let (rows, last) = talk::conversations(tx.on(), tenant, *after, PAGE).await?;
                *after = last.unwrap_or(*after);
                Ok(SourcePage::of(rows))
            }
            Self::Messages { conversation, after } => {
                let (rows, last) = talk::messages(tx.on(), tenant, *conversation, *after, PAGE).await?;
                *after = last.unwrap_or(*after);
                Ok(SourcePage::of(rows))
            }
            Self::Campaigns(source) => source.read(tx, tenant).await,
            Self::Recipients(source) => source.read(tx).await,
        }
    }
}
