//! The consent ledger of a contact.

use axum::{Json as Body, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    app::App,
    contacts::{
        store::consents::{self, ConsentRecord},
        write::{self, ConsentInput, ContactInput, ContactKey, WriteMode},
    },
    domain::{
        ChannelId, ConsentId, ConsentPurpose, ConsentSource, ConsentStatus, ContactId, Id, ImportId, MessageId,
        Permission, perm,
    },
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path, Rfc3339},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
};

const LIST: &str = "consents";
/// Bytes of an evidence, as JSON.
const EVIDENCE: usize = 4_096;

/// A statement of consent. Present state is computed from all of them, in the order of `occurred_at`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsentStatement {
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// All channels, unless given.
    channel_id: Option<ChannelId>,
    #[schema(value_type = String)]
    status: ConsentStatus,
    /// Where it comes from: `api`, `agent`, `form` or `ad`.
    #[schema(value_type = String, default = "api")]
    #[serde(default = "api")]
    source: ConsentSource,
    /// When it was said; now, unless given.
    #[schema(value_type = Option<DateTime<Utc>>)]
    occurred_at: Option<Rfc3339>,
    /// The proof: any members, up to 4,096 bytes.
    #[schema(value_type = Option<Object>, example = json!({ "form": "newsletter", "ip": "203.0.113.7" }))]
    evidence: Option<Map<String, Value>>,
    /// Lifts what the contact refused themself, by a word, a button or their setting. Needs the permission `consent.override`, and evidence.
    #[serde(default)]
    r#override: bool,
}

const fn api() -> ConsentSource {
    ConsentSource::Api
}

impl NewConsentStatement {
    pub(super) fn checked(self, caller: &TenantAccess) -> Result<ConsentInput, Problem> {
        use ConsentSource::{Ad, Agent, Api, Form};
        if !matches!(self.source, Api | Agent | Form | Ad) {
            let detail = "source: write `api`, `agent`, `form` or `ad`; the others are what contacts do themselves.";
            return Err(Problem::invalid_field("source", detail, None));
        }
        let evidence = self.evidence.map(Value::Object);
        if evidence.as_ref().is_some_and(|it| it.to_string().len() > EVIDENCE) {
            let detail = format!("evidence: has at most {EVIDENCE} bytes.");
            return Err(Problem::invalid_field("evidence", detail, Some(EVIDENCE as u64)));
        }
        if self.r#override && evidence.is_none() {
            let detail = "evidence: an override needs the proof of what the contact allowed.";
            return Err(Problem::invalid_field("evidence", detail, None));
        }
        if self.r#override && !caller.may.allow(Permission::ConsentOverride) {
            let detail = "This needs the permission `consent.override`. Ask the operator for an API key with it.";
            return Err(Problem::forbidden("missing-permission", detail));
        }
        Ok(ConsentInput {
            purpose: self.purpose,
            channel: self.channel_id,
            status: self.status,
            source: self.source,
            lifts: self.r#override,
            occurred_at: self.occurred_at.map(|it| it.0),
            evidence,
        })
    }
}

/// A statement of the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentStatement {
    id: ConsentId,
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// Null is all channels.
    #[schema(required)]
    channel_id: Option<ChannelId>,
    #[schema(value_type = String)]
    status: ConsentStatus,
    #[schema(value_type = String)]
    source: ConsentSource,
    /// Whether it lifts what the contact refused themself.
    r#override: bool,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    /// The proof that was given with it.
    #[schema(required, value_type = Option<Object>)]
    evidence: Option<Value>,
    /// The message that it was said in.
    #[schema(required)]
    message_id: Option<MessageId>,
    /// The import that it came with, and the row of its file.
    #[schema(required)]
    import_id: Option<ImportId>,
    #[schema(required)]
    import_row: Option<i64>,
    /// Who recorded it: the id of an API key, `operator` or `system`.
    created_by: String,
}

impl From<ConsentRecord> for ConsentStatement {
    fn from(it: ConsentRecord) -> Self {
        Self {
            id: it.id,
            purpose: it.purpose,
            channel_id: Some(it.channel_id).filter(|it| !it.uuid().is_nil()),
            status: it.status,
            source: it.source,
            r#override: it.lifts,
            occurred_at: it.occurred_at,
            recorded_at: it.recorded_at,
            evidence: it.evidence.and_then(|it| serde_json::from_str(&it).ok()),
            message_id: it.message_id,
            import_id: it.import_id,
            import_row: it.import_row,
            created_by: it.created_by,
        }
    }
}

/// List consents
///
/// Every statement about what the contact allows, with its proof, the latest recorded first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/consents", params(("id" = ContactId, Path), PagingParams),
    responses((status = 200, description = "A page of the ledger", body = Page<ConsentStatement>)))]
pub async fn list_consents(
    caller: May<perm::ContactsRead>,
    Path(id): Path<ContactId>,
    paging: Paging,
) -> Result<Body<Page<ConsentStatement>>, Problem> {
    let before = paging.key(LIST)?;
    let mut tx = caller.begin().await?;
    let found = crate::records::contacts::find(tx.on(), caller.tenant, id).await?;
    found.ok_or_else(|| Problem::not_found(format_args!("contact {id}")))?;
    let rows = consents::list(tx.on(), caller.tenant, id, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, LIST, rows, |row| row.id).map(ConsentStatement::from),
    ))
}

/// Record a consent
///
/// Appends a statement to the ledger. A grant does not lift what the contact refused themself; the contact's state is in the answer of
/// `GET /contacts/{id}`.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/consents", params(("id" = ContactId, Path)), request_body = NewConsentStatement,
    responses((status = 204, description = "Recorded")))]
pub async fn record_consent(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ContactId>,
    Json(statement): Json<NewConsentStatement>,
) -> Result<StatusCode, Problem> {
    let mut input = ContactInput::of(ContactKey::Id(id));
    input.consents.push(statement.checked(&caller)?);
    write::write_one(&app.contacts, &caller, WriteMode::Update, input).await?;
    Ok(StatusCode::NO_CONTENT)
}
