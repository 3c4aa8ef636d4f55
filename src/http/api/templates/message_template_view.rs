//! The JSON representation of message templates.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    domain::{MessageTemplateId, MessageTemplateState},
    http::{auth::TenantAccess, problem::Problem},
    templates::{
        local::{Filled, LocalContent, LocalError},
        store::message_templates as store,
    },
};

/// A message template of ours.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageTemplate)]
pub(crate) struct MessageTemplateView {
    pub id: MessageTemplateId,
    pub name: String,
    /// `draft` while no version is active, `active`, or `archived`.
    pub state: MessageTemplateState,
    /// The version that is sent.
    #[schema(required)]
    pub active_version: Option<i64>,
    pub latest_version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<store::StoredMessageTemplate> for MessageTemplateView {
    fn from(row: store::StoredMessageTemplate) -> Self {
        Self {
            id: row.id,
            name: row.name,
            state: row.state,
            active_version: row.active_version,
            latest_version: row.latest_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A version of a message template.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageTemplateVersion {
    pub version: i64,
    /// `active` for the version that is sent, `draft` for newer ones, else `archived`.
    pub state: MessageTemplateState,
    pub content: LocalContent,
    /// The names of its variables.
    pub variables: Vec<String>,
    pub created_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageTemplateWithVersions {
    #[serde(flatten)]
    pub template: MessageTemplateView,
    /// Newest first.
    pub versions: Vec<MessageTemplateVersion>,
}

/// Loads the versions of a message template and converts it.
pub(crate) async fn with_versions(
    caller: &TenantAccess,
    row: store::StoredMessageTemplate,
) -> Result<MessageTemplateWithVersions, Problem> {
    let mut tx = caller.begin().await?;
    let versions = store::versions(tx.on(), caller.tenant, row.id).await?;
    tx.commit().await?;
    let version = |it: store::Version| {
        let content: LocalContent = serde_json::from_str(&it.content).map_err(LocalError::Unreadable)?;
        Ok(MessageTemplateVersion {
            version: it.version,
            state: match row.active_version {
                _ if row.state == MessageTemplateState::Archived => MessageTemplateState::Archived,
                Some(active) if it.version == active => MessageTemplateState::Active,
                Some(active) if it.version < active => MessageTemplateState::Archived,
                _ => MessageTemplateState::Draft,
            },
            variables: content.variables()?,
            content,
            created_at: it.created_at,
        })
    };
    Ok(MessageTemplateWithVersions {
        versions: versions.into_iter().map(version).collect::<Result<_, Problem>>()?,
        template: row.into(),
    })
}

/// A message as `POST /api/v1/messages` accepts it.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilledMessage {
    #[serde(rename = "type")]
    pub kind: String,
    /// The text a person would read.
    #[schema(required)]
    pub text: Option<String>,
    /// The type and the payload.
    #[schema(value_type = Object)]
    pub message: Value,
}

impl From<Filled> for FilledMessage {
    fn from(filled: Filled) -> Self {
        let kind = filled.kind;
        let message: Map<String, Value> = [
            ("type".to_owned(), Value::from(kind.as_str())),
            (kind.clone(), filled.payload),
        ]
        .into_iter()
        .collect();
        Self {
            text: filled.text,
            message: Value::Object(message),
            kind,
        }
    }
}
