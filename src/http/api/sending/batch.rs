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
    domain::{BatchId, Ctx, perm},
    http::{
        auth::May,
        body::{decode, decode_parts, read_json, weight},
        idempotency::{key, replayed},
        problem::{Problem, ProblemBody},
        request_context,
    },
    memory::{RequestMemory, Reservation},
    messaging::{
        ComposeError, NewMessage,
        accept::{self, AcceptRequest, AcceptedSend, IdempotencyKey},
    },
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
pub(crate) struct BatchAnswer {
    /// Of the batch: `GET /api/v1/messages/batch/{id}` shows its progress. The same batch sent again with its key has the same id.
    id: BatchId,
    results: Vec<BatchResult>,
}

/// The result of one message: it is queued, or there is a problem.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    /// Position of the message in the request, from 0.
    index: usize,
    /// The caller's own, as given.
    #[schema(required)]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<QueuedMessage>,
    #[schema(value_type = Option<ProblemBody<'static>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<serde_json::Value>,
}

impl BatchResult {
    fn new(index: usize, reference: Option<String>, answer: Result<AcceptedSend, Problem>) -> Self {
        let (message, problem) = match answer {
            Ok(queued) => (Some(queued.into()), None),
            Err(problem) => (None, serde_json::to_value::<ProblemBody<'_>>(problem.body()).ok()),
        };
        Self {
            index,
            reference,
            message,
            problem,
        }
    }
}

/// Send many messages
///
/// Each message is accepted or rejected by itself; ordinary ones are one commit, long ones several. The body may have 32 MiB, which holds
/// 1,000 of the longest ordinary messages. With an `Idempotency-Key`, which stands for the whole batch, the same request sends no message
/// twice: rejected messages are checked again, and if no new one was accepted the answer says `idempotent-replayed: true`. A different
/// request with the key is rejected with 409 and sends nothing. A message may have an `idempotency_key` of its own, which then stands
/// for that message alone.
#[utoipa::path(post, path = "/api/v1/messages/batch", request_body = BatchRequest<'_>,
    responses((status = 200, description = "A result for each", body = BatchAnswer)))]
pub(crate) async fn send_batch(
    caller: May<perm::MessagesSend>,
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
    let id = match &key {
        Some(key) => accept::claim_batch_key(&app.db, &app.clock, caller.tenant, key).await??,
        None => app.clock.new_id(),
    };
    let memory = request_context::memory(&head);
    let mut batch = Batch::new(&app, &caller, id, messages.count);
    for (n, text) in messages.texts.into_iter().enumerate() {
        let key = key.as_ref().map(|key| key.of_message(n));
        batch.add(&memory, text, key).await;
    }
    let (references, answers) = batch.finish().await;
    let mut taken = answers.iter().flatten().peekable();
    let is_replayed = taken.peek().is_some() && taken.all(|queued| queued.repeated);
    let results = references.into_iter().zip(answers).enumerate();
    let results = results.map(|(index, (reference, answer))| BatchResult::new(index, reference, answer));
    let answer = BatchAnswer {
        id,
        results: results.collect(),
    };
    Ok((replayed(is_replayed), Body(answer)))
}

/// A batch in progress: messages are parsed one at a time, and composed and stored as soon as the parsed ones take [`COMMIT_BYTES`].
struct Batch<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    id: BatchId,
    references: Vec<Option<String>>,
    results: Vec<Option<Result<AcceptedSend, Problem>>>,
    parsed: Vec<NewMessage>,
    /// The positions of `parsed` in the batch.
    positions: Vec<usize>,
    reservations: Vec<Reservation>,
    /// The estimated memory of `parsed`, in bytes.
    weight: usize,
}

impl<'a> Batch<'a> {
    fn new(app: &'a App, ctx: &'a Ctx, id: BatchId, count: usize) -> Self {
        Self {
            app,
            ctx,
            id,
            references: Vec::with_capacity(count),
            results: Vec::with_capacity(count),
            parsed: Vec::new(),
            positions: Vec::new(),
            reservations: Vec::new(),
            weight: 0,
        }
    }

    async fn add(&mut self, memory: &RequestMemory, text: &RawValue, key: Option<IdempotencyKey>) {
        self.references.push(None);
        match self.parse(memory, text, key).await {
            Ok(message) => {
                self.positions.push(self.results.len());
                self.parsed.push(message);
                self.results.push(None);
            }
            Err(problem) => self.results.push(Some(Err(problem))),
        }
    }

    async fn parse(
        &mut self,
        memory: &RequestMemory,
        text: &RawValue,
        key: Option<IdempotencyKey>,
    ) -> Result<NewMessage, Problem> {
        let text = text.get().as_bytes();
        // The message is kept as text twice: its content, and its preview.
        let weight = weight(text)? + 2 * text.len();
        if self.weight + weight > COMMIT_BYTES {
            self.commit().await;
        }
        let reservations = memory.reserve(weight)?;
        let request: SendRequest = decode(text)?;
        if let Some(reference) = self.references.last_mut() {
            *reference = request.reference().map(str::to_owned);
        }
        let key = request.key(text)?.or(key);
        let message = request.message(key, Some(self.id))?;
        self.reservations.push(reservations);
        self.weight += weight;
        Ok(message)
    }

    async fn commit(&mut self) {
        if self.parsed.is_empty() {
            return;
        }
        let composed = self
            .app
            .composer
            .compose_page(self.ctx, mem::take(&mut self.parsed))
            .await;
        let positions = mem::take(&mut self.positions);
        match composed {
            Ok(composed) => self.store(positions, composed).await,
            Err(error) => {
                let problem = Problem::from(error);
                for position in positions {
                    self.results[position] = Some(Err(problem.clone()));
                }
            }
        }
        self.reservations.clear();
        self.weight = 0;
    }

    /// Stores the messages that could be composed.
    async fn store(&mut self, positions: Vec<usize>, composed: Vec<Result<AcceptRequest, ComposeError>>) {
        let (mut requests, mut stored) = (Vec::with_capacity(composed.len()), Vec::with_capacity(composed.len()));
        for (position, composed) in positions.into_iter().zip(composed) {
            match composed {
                Ok(request) => {
                    requests.push(request);
                    stored.push(position);
                }
                Err(error) => self.results[position] = Some(Err(error.into())),
            }
        }
        if requests.is_empty() {
            return;
        }
        let answers = self.app.outbox.put(requests).await;
        for (position, answer) in stored.into_iter().zip(answers) {
            self.results[position] = Some(answer.map_err(Problem::from));
        }
    }

    /// Returns the reference and the answer of each message.
    async fn finish(mut self) -> (Vec<Option<String>>, Vec<Result<AcceptedSend, Problem>>) {
        self.commit().await;
        let answered = self.results.into_iter();
        let answers = answered.map(|it| it.unwrap_or_else(|| Err(Problem::internal())));
        (self.references, answers.collect())
    }
}
