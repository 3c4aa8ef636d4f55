//! Progress of a batch.

use std::collections::BTreeMap;

use axum::Json as Body;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{BatchId, Status, perm},
    http::{auth::May, extract::Path, problem::Problem},
    records::messages,
};

/// The messages of a batch by what has become of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchProgress {
    id: BatchId,
    /// Messages that were accepted.
    total: i64,
    /// Messages that are not sent yet, or of which that is unknown: `queued`, `sending` and `unknown`.
    waiting: i64,
    /// The number of messages in each status that occurs.
    by_status: BTreeMap<&'static str, i64>,
}

/// Show the progress of a batch
///
/// Counts its accepted messages by status. Each of them is in `GET /api/v1/messages?batch=`.
#[utoipa::path(get, path = "/api/v1/messages/batch/{id}", params(("id" = BatchId, Path)),
    responses((status = 200, description = "The batch", body = BatchProgress)))]
pub(crate) async fn show_batch(
    caller: May<perm::ConversationsRead>,
    Path(id): Path<BatchId>,
) -> Result<Body<BatchProgress>, Problem> {
    let mut tx = caller.begin().await?;
    let counts = messages::count_batch(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    if counts.is_empty() {
        return Err(Problem::not_found(format_args!("message of a batch {id}")));
    }
    let waits = |status: &Status| matches!(status, Status::Queued | Status::Sending | Status::Unknown);
    Ok(Body(BatchProgress {
        id,
        total: counts.iter().map(|(_, count)| count).sum(),
        waiting: counts.iter().filter(|it| waits(&it.0)).map(|it| it.1).sum(),
        by_status: counts
            .into_iter()
            .map(|(status, count)| (status.as_str(), count))
            .collect(),
    }))
}
