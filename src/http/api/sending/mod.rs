//! Sending: accepts messages and queues them; a worker sends them.

mod batch;
mod batch_progress;
mod control;
mod problems;
mod request;

use axum::{
    Json as Body,
    extract::{Request, State},
    http::StatusCode,
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub use batch::*;
pub use batch_progress::*;
pub use control::*;
use request::SendRequest;
pub(crate) use request::{METADATA_BYTES, REFERENCE_LENGTH, To};

use crate::{
    app::App,
    domain::{ChannelId, ContactId, ConversationId, MessageId, SendLane, Status, perm},
    http::{
        BODY_BYTES,
        auth::May,
        body::{parse_charged, read_json},
        idempotency::{key, replayed},
        problem::Problem,
        request_context,
    },
    messaging::accept::{self, AcceptedSend, IdempotencyKey},
};

/// Maximum number of messages in one request.
const BATCH: usize = 1_000;

/// A message that is queued to be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueuedMessage {
    pub id: MessageId,
    /// Always `queued`.
    pub status: Status,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub lane: SendLane,
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it is to be sent; null where that is at once.
    #[schema(required)]
    pub send_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl From<AcceptedSend> for QueuedMessage {
    fn from(queued: AcceptedSend) -> Self {
        Self {
            id: queued.id,
            status: Status::Queued,
            channel_id: queued.channel,
            conversation_id: queued.conversation,
            contact_id: queued.contact,
            lane: queued.lane,
            expires_at: queued.expires_at,
            send_at: queued.send_at,
            created_at: queued.at,
        }
    }
}

/// Send a message
///
/// Checked against every limit Meta documents, committed, and answered; a worker sends it. With an `Idempotency-Key`, the same request
/// within 24 hours gets the same answer and sends nothing again. With `send_at` it waits for its time; 10,000 messages of a channel may wait
/// so.
#[utoipa::path(post, path = "/api/v1/messages", request_body = SendRequest,
    responses((status = 202, description = "Committed, and to be sent", body = QueuedMessage)))]
pub async fn send(
    caller: May<perm::MessagesSend>,
    State(app): State<App>,
    request: Request,
) -> Result<impl IntoResponse + use<>, Problem> {
    let (head, body) = request.into_parts();
    let key = key(&head.headers)?;
    let body = read_json(&head, body, BODY_BYTES).await?;
    let key = key.map(|key| IdempotencyKey {
        key,
        digest: Sha256::digest(&body).into(),
    });
    if let Some(key) = &key
        && let Some(answer) = accept::find_answer(&app.db, &app.clock, caller.tenant, key).await?
    {
        return Ok(accepted(answer?));
    }
    let request: SendRequest = parse_charged(&request_context::memory(&head), &body)?;
    let key = match (key, request.key(&body)?) {
        (Some(header), Some(member)) if header.key != member.key => {
            let detail = "idempotency_key: differs from the header Idempotency-Key; give one of them.";
            return Err(Problem::invalid_field("idempotency_key", detail, None));
        }
        (header, member) => header.or(member),
    };
    let composed = app.composer.compose(&caller, request.message(key, None)?).await?;
    let answer = app.outbox.put(vec![composed]).await.pop();
    Ok(accepted(answer.ok_or_else(Problem::internal)??))
}

fn accepted(queued: AcceptedSend) -> impl IntoResponse + use<> {
    (
        StatusCode::ACCEPTED,
        replayed(queued.repeated),
        Body(QueuedMessage::from(queued)),
    )
}

/// Checks that a list holds 1 to [`BATCH`] items.
fn check_count(field: &str, count: usize) -> Result<(), Problem> {
    if (1..=BATCH).contains(&count) {
        return Ok(());
    }
    let detail = format!("`{field}` must hold 1 to {BATCH}; it holds {count}.");
    Err(Problem::invalid_field(field, detail, Some(BATCH as u64)))
}
