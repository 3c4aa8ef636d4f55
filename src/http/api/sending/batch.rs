//! Sending many messages with one request.

use std::{fmt, mem};

use axum::{
    Json as Body,
    extract::{Request, State},
    response::IntoResponse,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{BATCH, QueuedMessage, check_count, request::SendRequest};
use crate::{
    app::App,
    domain::TenantId,
    http::{
        auth::WriteScope,
        body::{decode, decode_parts, read_json, weight},
        idempotency::{key, replayed},
        problem::{Problem, ProblemBody},
        request_context,
    },
    memory::{RequestMemory, Reservation},
    messaging::accept::{self, AcceptRequest, AcceptedSend, IdempotencyKey},
};

/// Maximum length of the body of a batch, in bytes: 1,000 texts of 4,096 characters that take up to four bytes each, or six as `\u0434`,
/// and the JSON around them.
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// Maximum estimated memory of the messages of one commit, in bytes. A batch of 1,000 ordinary messages takes less and is one commit; a
/// larger batch is several.
const COMMIT_BYTES: usize = 16 * 1024 * 1024;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchRequest<'b> {
    /// At most 1,000 messages.
    #[serde(borrow)]
    #[schema(value_type = Vec<SendRequest>, min_items = 1, max_items = 1_000)]
    messages: RawMessages<'b>,
}

/// The raw JSON of each message, up to the limit, and the number of messages.
struct RawMessages<'b> {
    texts: Vec<&'b RawValue>,
    count: usize,
}

impl<'de: 'b, 'b> Deserialize<'de> for RawMessages<'b> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = RawMessages<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a list of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawMessages<'de>, A::Error> {
                let mut texts = Vec::new();
                while texts.len() < BATCH {
                    match list.next_element()? {
                        Some(text) => texts.push(text),
                        None => break,
                    }
                }
                let mut count = texts.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(RawMessages { texts, count })
            }
        }
        from.deserialize_seq(List)
    }
}

/// A result for each message, in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer {
    results: Vec<BatchResult>,
}

/// The result of one message: it is queued, or there is a problem.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<QueuedMessage>,
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<serde_json::Value>,
}

impl From<Result<AcceptedSend, Problem>> for BatchResult {
    fn from(answer: Result<AcceptedSend, Problem>) -> Self {
        match answer {
            Ok(queued) => Self {
                message: Some(queued.into()),
                problem: None,
            },
            Err(problem) => Self {
                message: None,
                problem: serde_json::to_value::<ProblemBody<'_>>(problem.body()).ok(),
            },
        }
    }
}

/// Send many messages
///
/// Each message is accepted or rejected by itself; ordinary ones are one commit, long ones several. The body may have 32 MiB, which holds
/// 1,000 of the longest ordinary messages. With an `Idempotency-Key`, which stands for the whole batch, the same request sends no message
/// twice: rejected messages are checked again, and if no new one was accepted the answer says `idempotent-replayed: true`. A different
/// request with the key is rejected with 409 and sends nothing.
#[utoipa::path(post, path = "/api/v1/messages/batch", request_body = BatchRequest<'_>,
    responses((status = 200, description = "A result for each", body = BatchAnswer)))]
pub async fn send_batch(
    scope: WriteScope,
    State(app): State<App>,
    request: Request,
) -> Result<impl IntoResponse + use<>, Problem> {
    let (head, body) = request.into_parts();
    let key = key(&head.headers)?;
    let body = read_json(&head, body, BATCH_BYTES).await?;
    let BatchRequest { messages } = decode_parts(&body)?;
    check_count("messages", messages.count)?;
    let key = key.map(|key| IdempotencyKey {
        key,
        digest: Sha256::digest(&body).into(),
    });
    if let Some(key) = &key {
        accept::claim_batch_key(&app.db, &app.clock, scope.tenant, key).await??;
    }
    let memory = request_context::memory(&head);
    let mut batch = Batch::new(&app, messages.count);
    for (n, text) in messages.texts.into_iter().enumerate() {
        let key = key.as_ref().map(|key| key.of_message(n));
        batch.add(&memory, scope.tenant, text, key).await;
    }
    let answers = batch.finish().await;
    let mut taken = answers.iter().flatten().peekable();
    let is_replayed = taken.peek().is_some() && taken.all(|queued| queued.repeated);
    let results = answers.into_iter().map(BatchResult::from).collect();
    Ok((replayed(is_replayed), Body(BatchAnswer { results })))
}

/// A batch in progress: messages are parsed one at a time and stored as soon as the parsed ones take [`COMMIT_BYTES`].
struct Batch<'a> {
    app: &'a App,
    results: Vec<Option<Result<AcceptedSend, Problem>>>,
    asks: Vec<AcceptRequest>,
    /// The positions of `asks` in the batch.
    positions: Vec<usize>,
    reservations: Vec<Reservation>,
    /// The estimated memory of `asks`, in bytes.
    weight: usize,
}

impl<'a> Batch<'a> {
    fn new(app: &'a App, count: usize) -> Self {
        Self {
            app,
            results: Vec::with_capacity(count),
            asks: Vec::new(),
            positions: Vec::new(),
            reservations: Vec::new(),
            weight: 0,
        }
    }

    async fn add(&mut self, memory: &RequestMemory, tenant: TenantId, text: &RawValue, key: Option<IdempotencyKey>) {
        match self.parse(memory, tenant, text).await {
            Ok(ask) => {
                self.positions.push(self.results.len());
                self.asks.push(AcceptRequest {
                    idempotency: key,
                    ..ask
                });
                self.results.push(None);
            }
            Err(problem) => self.results.push(Some(Err(problem))),
        }
    }

    async fn parse(
        &mut self,
        memory: &RequestMemory,
        tenant: TenantId,
        text: &RawValue,
    ) -> Result<AcceptRequest, Problem> {
        let text = text.get().as_bytes();
        // The message is kept as text twice: its content, and its preview.
        let weight = weight(text)? + 2 * text.len();
        if self.weight + weight > COMMIT_BYTES {
            self.commit().await;
        }
        let reservations = memory.reserve(weight)?;
        let request: SendRequest = decode(text)?;
        let ask = request.ask(self.app, tenant).await?;
        self.reservations.push(reservations);
        self.weight += weight;
        Ok(ask)
    }

    async fn commit(&mut self) {
        if self.asks.is_empty() {
            return;
        }
        let answers = self.app.outbox.put(mem::take(&mut self.asks)).await;
        for (position, answer) in self.positions.drain(..).zip(answers) {
            self.results[position] = Some(answer.map_err(Problem::from));
        }
        self.reservations.clear();
        self.weight = 0;
    }

    async fn finish(mut self) -> Vec<Result<AcceptedSend, Problem>> {
        self.commit().await;
        let answered = self.results.into_iter();
        answered
            .map(|it| it.unwrap_or_else(|| Err(Problem::internal())))
            .collect()
    }
}
