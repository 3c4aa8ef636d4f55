use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    http::{auth::Operator, paging::Page, problem::Problem},
};

/// Maximum number of subjects shown.
const MAX_SUBJECTS: i64 = 1_000;

/// A phone number or an account that nobody has added, and the webhooks that wait for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Quarantined {
    /// `phone_number:` and Meta's id of the number, or `waba:` and Meta's id of the account.
    pub subject: String,
    /// How many webhooks wait.
    pub events: i64,
    pub since: DateTime<Utc>,
}

/// List quarantined webhooks
///
/// Webhooks of numbers nobody has added, the longest waiting first; at most a thousand numbers and accounts. They are processed when the
/// channel is added.
#[utoipa::path(get, path = "/admin/quarantine",
    responses((status = 200, description = "The quarantined webhooks by number or account", body = Page<Quarantined>)))]
pub async fn list(_: Operator, State(app): State<App>) -> Result<Json<Page<Quarantined>>, Problem> {
    let rows = crate::inbound::store::quarantine::list(app.db.reader(), MAX_SUBJECTS).await?;
    let show = |row: crate::inbound::store::quarantine::QuarantinedSubject| Quarantined {
        subject: row.subject,
        events: row.events,
        since: row.since,
    };
    Ok(Json(Page::single(rows.into_iter().map(show).collect())))
}
