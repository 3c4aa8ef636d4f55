//! Messages to be sent: queued here, sent by a worker.

mod control;
mod files;
mod problems;
mod request;
mod room;

use axum::{
    Json as Body,
    extract::{Request, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub use control::*;
use request::SendRequest;
pub use request::To;
use room::BATCH_BYTES;
pub use room::Batches;

use crate::{
    app::App,
    domain::{ChannelId, ContactId, ConversationId, MessageId, SendLane},
    http::{
        BODY_BYTES,
        auth::Writer,
        body::{parse, parse_parts, understand, whole},
        edge::Edge,
        once::key,
        problem::{Problem, ProblemBody},
    },
    outbox::{self, Ask, Queued},
};

/// The most messages of one request.
const BATCH: usize = 1_000;

/// A message that will be sent.
#[derive(Serialize, ToSchema)]
pub struct QueuedMessage {
    pub id: MessageId,
    /// `queued`.
    pub status: &'static str,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub lane: SendLane,
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl From<Queued> for QueuedMessage {
    fn from(queued: Queued) -> Self {
        Self {
            id: queued.id,
            status: "queued",
            channel_id: queued.channel,
            conversation_id: queued.conversation,
            contact_id: queued.contact,
            lane: queued.lane,
            expires_at: queued.expires_at,
            created_at: queued.at,
        }
    }
}

/// Send a message
///
/// Checked against every limit Meta documents, committed, and answered; a worker sends it. With an `Idempotency-Key`, the same request
/// within 24 hours gets the same answer and sends nothing again.
#[utoipa::path(post, path = "/api/v1/messages", tag = "Sending", request_body = SendRequest,
    params(("idempotency-key" = Option<String>, Header, description = "Any text of up to 255 characters that is new for each message")),
    responses((status = 202, description = "Committed, and to be sent", body = QueuedMessage)))]
pub async fn send(
    writer: Writer,
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Body<QueuedMessage>), Problem> {
    let (head, body) = request.into_parts();
    let key = key(&head.headers)?;
    let body = whole(body, BODY_BYTES).await?;
    let key = key.map(|key| (key, <[u8; 32]>::from(Sha256::digest(&body))));
    if let Some((key, digest)) = &key
        && let Some(answer) = outbox::answered(&app.db, &app.clock, writer.tenant, (key, digest)).await?
    {
        return Ok((StatusCode::ACCEPTED, Body(answer?.into())));
    }
    let request: SendRequest = parse(&body)?;
    let mut ask = request.ask(&app, writer.tenant).await?;
    ask.idempotency = key;
    let answer = app.outbox.put(vec![ask]).await.pop();
    let queued = answer.ok_or_else(Problem::internal)??;
    Ok((StatusCode::ACCEPTED, Body(queued.into())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    /// At most 1,000.
    #[schema(value_type = Vec<SendRequest>)]
    messages: Vec<serde_json::Value>,
}

/// One result for each message, in their order.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer {
    results: Vec<BatchResult>,
}

/// What became of one message: it is queued, or there is a problem.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<QueuedMessage>,
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<serde_json::Value>,
}

/// Whether so many are neither none nor more than one request may name.
fn fits(field: &str, count: usize) -> Result<(), Problem> {
    if (1..=BATCH).contains(&count) {
        return Ok(());
    }
    let detail = format!("`{field}` must hold 1 to {BATCH}; it holds {count}.");
    Err(Problem::field(field, detail, Some(BATCH as u64)))
}

/// Send many messages
///
/// Each is taken or refused by itself; the whole is one commit. The body may have 32 MiB, which holds 1,000 of the longest ordinary
/// messages. With an `Idempotency-Key`, which stands for the whole, the same request sends nothing again, and another is refused
/// with 409 and sends nothing at all.
#[utoipa::path(post, path = "/api/v1/messages/batch", tag = "Sending", request_body = BatchRequest,
    responses((status = 200, description = "A result for each", body = BatchAnswer)))]
pub async fn send_batch(
    writer: Writer,
    State(edge): State<Edge>,
    request: Request,
) -> Result<Body<BatchAnswer>, Problem> {
    let app = &edge.app;
    let (head, body) = request.into_parts();
    let key = key(&head.headers)?;
    let _room = edge.batches.enter(&body)?;
    let body = whole(body, BATCH_BYTES).await?;
    let request: BatchRequest = parse_parts(&body)?;
    fits("messages", request.messages.len())?;
    let digest = <[u8; 32]>::from(Sha256::digest(&body));
    drop(body);
    if let Some(key) = &key {
        outbox::take_key(&app.db, &app.clock, writer.tenant, (key, digest)).await??;
    }
    let mut results: Vec<Option<Problem>> = Vec::with_capacity(request.messages.len());
    let mut asks: Vec<Ask> = Vec::with_capacity(request.messages.len());
    for (n, message) in request.messages.into_iter().enumerate() {
        let parsed: Result<SendRequest, Problem> = understand(message);
        let asked = match parsed {
            Ok(request) => request.ask(app, writer.tenant).await,
            Err(problem) => Err(problem),
        };
        match asked {
            Ok(mut ask) => {
                ask.idempotency = key.as_ref().map(|key| (format!("{key}#{n}"), digest));
                asks.push(ask);
                results.push(None);
            }
            Err(problem) => results.push(Some(problem)),
        }
    }
    let mut answers = match asks.is_empty() {
        true => Vec::new(),
        false => app.outbox.put(asks).await,
    }
    .into_iter();
    let result = |refused: Option<Problem>| {
        let answer = refused.map_or_else(
            || {
                answers
                    .next()
                    .map_or_else(|| Err(Problem::internal()), |it| it.map_err(Problem::from))
            },
            Err,
        );
        match answer {
            Ok(queued) => BatchResult {
                message: Some(queued.into()),
                problem: None,
            },
            Err(problem) => BatchResult {
                message: None,
                problem: serde_json::to_value::<ProblemBody<'_>>(problem.body()).ok(),
            },
        }
    };
    Ok(Body(BatchAnswer {
        results: results.into_iter().map(result).collect(),
    }))
}
