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
    clock::Clock,
    contacts::{
        ContactError, ContactResult,
        segments::{
            language::{Filter, parse},
            read_catalogue,
        },
        store::{
            exports::{self, MessagePlace},
            fields::ContactField,
            segments::selected_among,
        },
    },
    db::{Db, On, Result, Tx},
    domain::{ContactId, ConversationId, Id, MessageId, TenantId},
};

/// Rows of a page.
const PAGE: i64 = 1_000;

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
}

impl ExportSubject {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Contacts { .. } => "contacts",
            Self::Conversations => "conversations",
            Self::Messages { .. } => "messages",
        }
    }

    /// Counts the rows that are looked at, up to `most`.
    pub async fn count(&self, on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
        match self {
            Self::Contacts { .. } => exports::count_contacts(on, tenant, most).await,
            Self::Conversations => exports::count_conversations(on, tenant, most).await,
            Self::Messages { conversation } => exports::count_messages(on, tenant, *conversation, most).await,
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
    /// The filter of contacts, and the time from which its spans count.
    filter: Option<(Filter, DateTime<Utc>)>,
    sheet: Sheet,
    after: Places,
    ended: bool,
    /// Rows written so far.
    pub rows: i64,
}

impl ExportPages {
    /// Begins an export. Fails where the filter of its contacts is none, or none any more.
    pub async fn begin(
        db: &Db,
        clock: &Clock,
        tenant: TenantId,
        subject: ExportSubject,
        style: SheetStyle,
    ) -> ContactResult<Self> {
        let filter = match &subject {
            ExportSubject::Contacts { filter: Some(text), .. } => {
                Some((filter_of(db, tenant, text).await?, clock.now()))
            }
            _ => None,
        };
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
            filter,
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
        let rows = self.read(&mut tx).await?;
        tx.commit().await?;
        self.rows += rows.len() as i64;
        for row in rows {
            self.sheet.row(row);
        }
        Ok(Some(Bytes::from(self.sheet.take())))
    }

    async fn read(&mut self, tx: &mut Tx) -> Result<Vec<Vec<ExportValue>>> {
        let (tenant, after) = (self.tenant, &mut self.after);
        let (rows, looked_at) = match &self.subject {
            ExportSubject::Contacts { archived, .. } => {
                let page = contacts::page(tx, tenant, &self.fields, *archived, after.contact, PAGE).await?;
                let looked_at = page.0.len();
                let first = page.0.first().map(|it| it.0);
                let selected = match (&self.filter, first, page.1) {
                    (Some((filter, now)), Some(first), Some(last)) => {
                        Some(selected_among(tx, tenant, filter, [first, last], *now).await?)
                    }
                    _ => None,
                };
                after.contact = page.1.unwrap_or(after.contact);
                let is_selected = |id: &ContactId| selected.as_ref().is_none_or(|it| it.contains(id));
                let rows = page.0.into_iter().filter(|(id, _)| is_selected(id));
                (rows.map(|(_, row)| row).collect(), looked_at)
            }
            ExportSubject::Conversations => {
                let page = talk::conversations(tx.on(), tenant, after.conversation, PAGE).await?;
                after.conversation = page.1.unwrap_or(after.conversation);
                let looked_at = page.0.len();
                (page.0, looked_at)
            }
            ExportSubject::Messages { conversation } => {
                let page = talk::messages(tx.on(), tenant, *conversation, after.message, PAGE).await?;
                after.message = page.1.unwrap_or(after.message);
                let looked_at = page.0.len();
                (page.0, looked_at)
            }
        };
        self.ended = (looked_at as i64) < PAGE;
        Ok(rows)
    }
}

async fn filter_of(db: &Db, tenant: TenantId, text: &str) -> ContactResult<Filter> {
    let mut tx = db.begin_read_as(tenant).await?;
    let catalogue = read_catalogue(&mut tx, tenant).await?;
    tx.commit().await?;
    parse(text, &catalogue, None).map_err(|error| ContactError::Filter("filter", error))
}
