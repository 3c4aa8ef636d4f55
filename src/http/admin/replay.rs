use axum::{Json as Body, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::work_state;
use crate::{
    app::App,
    domain::RawEventId,
    http::{
        auth::Operator,
        extract::{Json, Rfc3339},
        problem::Problem,
    },
    inbound::replay::{self, Replayed, Selection},
};

/// Maximum number of ids in one request.
const MAX_IDS: usize = 10_000;

/// Selects stored webhooks: either by `ids`, or by a range.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Replay)]
pub(crate) struct ReplayWebhooksRequest {
    /// Webhooks with these ids, whatever their state; at most 10,000.
    ids: Option<Vec<RawEventId>>,
    /// Received then or later.
    #[schema(value_type = Option<DateTime<Utc>>)]
    from: Option<Rfc3339>,
    /// Received before then; now unless said otherwise.
    #[schema(value_type = Option<DateTime<Utc>>)]
    to: Option<Rfc3339>,
    /// In this state; without it, all but the running and the discarded.
    state: Option<String>,
    /// Reports what would be replayed, and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

impl ReplayWebhooksRequest {
    fn selection(self) -> Result<Selection, Problem> {
        let state = self.state.as_deref().map(work_state).transpose()?;
        match self.ids {
            Some(_) if self.from.is_some() || self.to.is_some() || state.is_some() => Err(Problem::invalid(
                "Give either `ids`, or `from`, `to` and `state`; not both.",
            )),
            Some(ids) if ids.len() > MAX_IDS => Err(Problem::invalid(format!("`ids` holds more than {MAX_IDS} ids."))),
            Some(ids) => Ok(Selection::Ids(ids)),
            None if self.from.is_none() && self.to.is_none() && state.is_none() => Err(Problem::invalid(
                "Say which: `ids`, or at least one of `from`, `to` and `state`.",
            )),
            None => Ok(Selection::Range {
                from: self.from.map(|Rfc3339(at)| at),
                to: self.to.map(|Rfc3339(at)| at),
                state,
            }),
        }
    }
}

/// Replay stored webhooks
///
/// Makes them due again, their attempts counted from zero. Safe for webhooks that are done: processing leaves the same result each
/// time. A range too large for the time limit of 30 seconds is replayed as far as it came; ask again to go on.
#[utoipa::path(post, path = "/admin/events/replay", request_body = ReplayWebhooksRequest,
    responses((status = 200, description = "What was replayed, or with `dry_run` would be", body = Replayed)))]
pub async fn replay(
    _: Operator,
    State(app): State<App>,
    Json(request): Json<ReplayWebhooksRequest>,
) -> Result<Body<Replayed>, Problem> {
    let dry_run = request.dry_run;
    let selection = request.selection()?;
    Ok(Body(
        replay::replay(&app.db, app.clock.now(), selection, dry_run).await?,
    ))
}
