//! The text of an export, page by page: memory does not grow with what is exported.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    contacts::{self, catalogue},
    sheet::{ExportValue, Sheet, SheetStyle},
    talk,
};
use crate::{
    contacts::store::{
        exports::{self, MessagePlace},
        fields::ContactField,
    },
    db::{Db, On, Result},
    domain::{ContactId, ConversationId, Id, MessageId, TenantId},
};

/// Rows of a page.
const PAGE: i64 = 1_000;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportSubject {
    /// People in use, or the archived ones.
    Contacts {
        archived: bool,
    },
    Conversations,
    /// The messages of a conversation.
    Messages {
        conversation: ConversationId,
    },
}

impl ExportSubject {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contacts { .. } => "contacts",
            Self::Conversations => "conversations",
            Self::Messages { .. } => "messages",
        }
    }

    /// Counts the rows, up to `most`.
    pub async fn count(self, on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
        match self {
            Self::Contacts { .. } => exports::count_contacts(on, tenant, most).await,
            Self::Conversations => exports::count_conversations(on, tenant, most).await,
            Self::Messages { conversation } => exports::count_messages(on, tenant, conversation, most).await,
        }
    }
}

/// After which row the next page begins.
#[derive(Clone, Copy, Debug)]
struct Places {
    contact: ContactId,
    conversation: ConversationId,
    message: MessagePlace,
}

/// An export on its way.
pub(crate) struct ExportPages {
    db: Db,
    tenant: TenantId,
    subject: ExportSubject,
    fields: Vec<ContactField>,
    sheet: Sheet,
    after: Places,
    ended: bool,
    /// Rows written so far.
    pub rows: i64,
}

impl ExportPages {
    pub async fn begin(db: &Db, tenant: TenantId, subject: ExportSubject, style: SheetStyle) -> Result<Self> {
        let fields = match subject {
            ExportSubject::Contacts { .. } => catalogue(db.reader(), tenant).await?,
            _ => Vec::new(),
        };
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let columns = match subject {
            ExportSubject::Contacts { .. } => contacts::columns(&fields),
            ExportSubject::Conversations => named(talk::CONVERSATION_COLUMNS),
            ExportSubject::Messages { .. } => named(talk::MESSAGE_COLUMNS),
        };
        Ok(Self {
            db: db.clone(),
            tenant,
            subject,
            fields,
            sheet: Sheet::new(style, columns),
            after: Places {
                contact: ContactId::from_uuid(Uuid::nil()),
                conversation: ConversationId::from_uuid(Uuid::nil()),
                message: (DateTime::<Utc>::UNIX_EPOCH, MessageId::from_uuid(Uuid::nil())),
            },
            ended: false,
            rows: 0,
        })
    }

    /// Returns the text of the next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let mut tx = self.db.begin_read_as(self.tenant).await?;
        let rows = self.read(tx.on()).await?;
        tx.commit().await?;
        self.ended = (rows.len() as i64) < PAGE;
        self.rows += rows.len() as i64;
        for row in rows {
            self.sheet.row(row);
        }
        Ok(Some(Bytes::from(self.sheet.take())))
    }

    async fn read(&mut self, on: On<'_>) -> Result<Vec<Vec<ExportValue>>> {
        let (tenant, after) = (self.tenant, &mut self.after);
        match self.subject {
            ExportSubject::Contacts { archived } => {
                let page = contacts::page(on, tenant, &self.fields, archived, after.contact, PAGE).await?;
                after.contact = page.1.unwrap_or(after.contact);
                Ok(page.0)
            }
            ExportSubject::Conversations => {
                let page = talk::conversations(on, tenant, after.conversation, PAGE).await?;
                after.conversation = page.1.unwrap_or(after.conversation);
                Ok(page.0)
            }
            ExportSubject::Messages { conversation } => {
                let page = talk::messages(on, tenant, conversation, after.message, PAGE).await?;
                after.message = page.1.unwrap_or(after.message);
                Ok(page.0)
            }
        }
    }
}
