//! Exports as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{CampaignId, ConversationId, ExportId},
    exports::{ExportFormat, ExportReport, ExportState, ExportSubject},
};

/// An export that is written to a file.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
pub(crate) struct ExportView {
    pub id: ExportId,
    /// `contacts`, `conversations`, `messages`, `campaigns` or `recipients`.
    pub subject: &'static str,
    /// Of which conversation the messages are.
    #[schema(required)]
    pub conversation_id: Option<ConversationId>,
    /// Of which campaign the recipients are.
    #[schema(required)]
    pub campaign_id: Option<CampaignId>,
    #[schema(inline)]
    pub format: ExportFormat,
    pub state: ExportState,
    /// Why it failed; before its end, why it did not get on the last time.
    #[schema(required)]
    pub error: Option<String>,
    /// Rows written so far.
    pub rows: i64,
    pub bytes: i64,
    /// A link to the file that needs no API key, good until `url_expires_at`; each answer has a new one. A path, unless MAINSTAY_PUBLIC_URL is set.
    #[schema(required)]
    pub url: Option<String>,
    #[schema(required)]
    pub url_expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
}

impl ExportView {
    pub fn new(app: &App, of: ExportReport) -> Self {
        let host = app.config.public_url.as_deref().unwrap_or_default();
        let link = of.link(&app.exports);
        let url = |token: &String| format!("{host}/api/v1/exports/{}/content?token={token}", of.id);
        Self {
            id: of.id,
            subject: of.spec.subject.name(),
            conversation_id: match of.spec.subject {
                ExportSubject::Messages { conversation } => Some(conversation),
                _ => None,
            },
            campaign_id: match of.spec.subject {
                ExportSubject::Recipients { campaign } => Some(campaign),
                _ => None,
            },
            format: of.spec.style.format,
            state: of.state,
            error: of.error,
            rows: of.counts.rows,
            bytes: of.counts.bytes,
            url: link.as_ref().map(|(token, _)| url(token)),
            url_expires_at: link.map(|(_, until)| until),
            created_at: of.created_at,
            created_by: of.created_by,
            finished_at: of.finished_at,
        }
    }
}
