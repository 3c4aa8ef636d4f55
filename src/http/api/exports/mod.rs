//! Exports of contacts, conversations, messages, campaigns and recipients.

pub(crate) mod content;
mod view;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono_tz::Tz;
use futures::{Stream, stream};
use serde::Deserialize;
use utoipa::IntoParams;
use view::ExportView;

use crate::{
    app::App,
    campaigns,
    contacts::segments::{Criteria, read_catalogue},
    db,
    domain::{CampaignId, ConversationId, ExportId, perm},
    exports::{
        self, ExportError, ExportFormat, ExportPages, ExportReport, ExportSpec, ExportSubject, MAX_OPEN, SheetStyle,
    },
    http::{
        auth::{May, TenantAccess},
        extract::{Path, Query},
        problem::Problem,
    },
    records::conversations,
};

/// Rows from which an export is written to a file.
const MOST_STREAMED: i64 = 100_000;

/// How an export is written.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv` (the default), or `ndjson`: a JSON object a line, with the same members.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
    /// The time zone of times, such as `Asia/Kolkata`; UTC unless said otherwise.
    #[param(example = "Asia/Kolkata")]
    tz: Option<String>,
    /// `false` leaves cells of CSV as they are. By default a `'` stands before those that a spreadsheet program would take for a formula; an
    /// import removes it.
    escape: Option<bool>,
    /// `true` writes a file and answers at once. More than 100,000 rows always go to a file.
    #[serde(rename = "async")]
    in_background: Option<bool>,
}

/// Which contacts are exported.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactExportQuery {
    /// `true` exports the archived contacts instead of those in use.
    archived: Option<bool>,
    /// A filter, as of a segment: `fields.city = "Pune"`.
    filter: Option<String>,
    /// The id or the name of a segment.
    segment: Option<String>,
    /// The name of a tag.
    tag: Option<String>,
    /// The name of a list.
    list: Option<String>,
}

impl ContactExportQuery {
    async fn subject(self, caller: &TenantAccess) -> Result<ExportSubject, Problem> {
        let archived = self.archived.unwrap_or(false);
        let criteria = Criteria {
            tag: self.tag,
            list: self.list,
            segment: self.segment,
            filter: self.filter,
        };
        if criteria.is_empty() {
            return Ok(ExportSubject::Contacts { archived, filter: None });
        }
        if archived {
            let detail = "`filter`, `segment`, `tag` and `list` select contacts in use: leave `archived` out.";
            return Err(Problem::invalid(detail));
        }
        let mut tx = caller.begin().await?;
        let catalogue = read_catalogue(&mut tx, caller.tenant).await?;
        tx.commit().await?;
        let filter = Some(criteria.filter(&catalogue)?.to_string());
        Ok(ExportSubject::Contacts { archived, filter })
    }
}

/// Export contacts
///
/// Streams people, the oldest first: all, or those whom a filter, segment, tag or list selects; custom fields are `fields.KEY`. The file can be imported again. Above 100,000 rows, or with `async`,
/// it is written to a file: the answer is a 202, and `GET /api/v1/exports/{id}` has the link when it is ready.
#[utoipa::path(get, path = "/api/v1/contacts/export", params(ExportQuery, ContactExportQuery),
    responses((status = 200, description = "The rows", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 202, description = "It is written to a file", body = ExportView),
        (status = 409, description = "Ten exports are on their way already")))]
pub async fn contacts(
    caller: May<perm::ContactsExport>,
    State(app): State<App>,
    Query(query): Query<ExportQuery>,
    Query(which): Query<ContactExportQuery>,
) -> Result<Response, Problem> {
    let subject = which.subject(&caller).await?;
    answer(&app, &caller, query, subject).await
}

/// Export conversations
///
/// As for contacts: a row for each conversation, the oldest first.
#[utoipa::path(get, path = "/api/v1/conversations/export", params(ExportQuery),
    responses((status = 200, description = "The rows", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 202, description = "It is written to a file", body = ExportView),
        (status = 409, description = "Ten exports are on their way already")))]
pub async fn conversations(
    caller: May<perm::ConversationsExport>,
    State(app): State<App>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    answer(&app, &caller, query, ExportSubject::Conversations).await
}

/// Export the messages of a conversation
///
/// As for contacts: a row for each message, the oldest first.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages/export",
    params(("id" = ConversationId, Path), ExportQuery),
    responses((status = 200, description = "The rows", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 202, description = "It is written to a file", body = ExportView),
        (status = 409, description = "Ten exports are on their way already")))]
pub async fn messages(
    caller: May<perm::ConversationsExport>,
    State(app): State<App>,
    Path(conversation): Path<ConversationId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let mut tx = caller.begin().await?;
    let found = conversations::find(tx.on(), caller.tenant, conversation).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found(format_args!("conversation {conversation}")))?;
    answer(&app, &caller, query, ExportSubject::Messages { conversation }).await
}

/// Export campaigns
///
/// As for contacts: a row for each campaign with its numbers, the oldest first.
#[utoipa::path(get, path = "/api/v1/campaigns/export", params(ExportQuery),
    responses((status = 200, description = "The rows", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 202, description = "It is written to a file", body = ExportView),
        (status = 409, description = "Ten exports are on their way already")))]
pub async fn campaigns(
    caller: May<perm::CampaignsRead>,
    State(app): State<App>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    answer(&app, &caller, query, ExportSubject::Campaigns).await
}

/// Export the recipients of a campaign
///
/// As for contacts: a row for each recipient with what became of them, in the order of `GET /api/v1/campaigns/{id}/recipients`.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/recipients/export", params(("id" = CampaignId, Path), ExportQuery),
    responses((status = 200, description = "The rows", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 202, description = "It is written to a file", body = ExportView),
        (status = 409, description = "Ten exports are on their way already, or the recipients were removed")))]
pub async fn recipients(
    caller: May<perm::CampaignsRead>,
    State(app): State<App>,
    Path(campaign): Path<CampaignId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let mut tx = caller.begin().await?;
    let found = campaigns::with_recipients(&mut tx, caller.tenant, campaign).await;
    tx.commit().await?;
    found?;
    answer(&app, &caller, query, ExportSubject::Recipients { campaign }).await
}

async fn answer(
    app: &App,
    caller: &TenantAccess,
    query: ExportQuery,
    subject: ExportSubject,
) -> Result<Response, Problem> {
    let zone = query.tz.as_deref().unwrap_or("UTC").parse::<Tz>();
    let style = SheetStyle {
        format: query.format,
        zone: zone.map_err(|_| Problem::invalid("`tz` must be a time zone such as Asia/Kolkata."))?,
        escape: query.escape.unwrap_or(true),
    };
    let mut tx = caller.begin().await?;
    let rows = subject.count(tx.on(), caller.tenant, MOST_STREAMED + 1).await?;
    tx.commit().await?;
    if query.in_background == Some(true) || rows > MOST_STREAMED {
        let id = exports::request(&app.exports, caller, ExportSpec { subject, style }).await?;
        let report = found(caller, id).await?;
        return Ok((StatusCode::ACCEPTED, Json(ExportView::new(app, report))).into_response());
    }
    let name = format!("{}.{}", subject.name(), style.format.ending());
    let pages = ExportPages::begin(&app.db, &app.clock, caller.tenant, subject, style).await?;
    Ok(file(Body::from_stream(texts(pages)), style.format, &name))
}

fn texts(pages: ExportPages) -> impl Stream<Item = db::Result<Bytes>> + Send {
    stream::try_unfold(pages, async |mut pages| {
        let text = pages.next().await?;
        Ok(text.map(|text| (text, pages)))
    })
}

fn file(body: Body, format: ExportFormat, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    response
}

/// Show an export
///
/// With a link to its file when that is ready. Needs the permission that the export was made with.
#[utoipa::path(get, path = "/api/v1/exports/{id}", params(("id" = ExportId, Path)),
    responses((status = 200, description = "The export", body = ExportView)))]
pub async fn show(
    caller: May<()>,
    State(app): State<App>,
    Path(id): Path<ExportId>,
) -> Result<Json<ExportView>, Problem> {
    Ok(Json(ExportView::new(&app, found(&caller, id).await?)))
}

async fn found(caller: &TenantAccess, id: ExportId) -> Result<ExportReport, Problem> {
    let mut tx = caller.begin().await?;
    let found = exports::find(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let found = found.filter(|it| caller.may.allow(it.spec.subject.permission()));
    found.ok_or_else(|| Problem::not_found(format_args!("export {id}")))
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::TooManyOpen => {
                let detail = format!("{MAX_OPEN} exports are on their way already. Wait until one of them has ended.");
                Self::new(StatusCode::CONFLICT, "too-many-exports", "Too many exports", detail)
            }
            ExportError::Contact(error) => error.into(),
            ExportError::Campaign(error) => error.into(),
            ExportError::Database(error) => error.into(),
        }
    }
}
