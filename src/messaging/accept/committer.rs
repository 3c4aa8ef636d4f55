//! Group commit of accepted messages, and idempotency of requests.

use chrono::TimeDelta;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    AcceptRequest, AcceptedSend, IdempotencyKey, OUTBOUND, Refusal, queue_lane,
    write::{KEY_KEPT, accept},
};
use crate::{
    clock::Clock,
    contacts::people,
    db::{self, BatchReceiver, Db, Submission, is_unavailable, write_together},
    domain::{BatchId, Id, MessageId, TenantId},
    messaging::store::sends,
    queue::{JobEntry, Queues},
    records::idempotency::{self, KeyedRequest},
};

/// Maximum number of messages in a commit, unless one request has more.
const BATCH: usize = 256;

/// Margin by which the key of a batch outlives the keys of its messages, which are written after it: more than a request may take.
const BATCH_KEY_MARGIN: TimeDelta = TimeDelta::seconds(60);

/// Handle of the writer that commits accepted messages. Clones share the writer.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<PendingRequests>);

type Answers = Vec<Result<AcceptedSend, Refusal>>;
type PendingRequests = Submission<Vec<AcceptRequest>, Answers>;

impl Outbox {
    /// Starts the writer. There is one: two would take twice the transactions for the same messages, and wait for each other at the
    /// tenant's events. At most `backlog` requests wait; further ones are rejected. The writer ends once `shutdown` is cancelled and
    /// nothing is waiting.
    pub fn start(
        db: Db,
        clock: Clock,
        queues: Queues,
        backlog: usize,
        shutdown: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (sender, from) = mpsc::channel(backlog);
        let batches = BatchReceiver::new(BATCH, from).with_weight(|(requests, _): &PendingRequests| requests.len());
        let committer = GroupCommitter { db, clock, queues };
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer outlives the requests; the process awaits its handle"
        )]
        let writer = tokio::spawn(committer.serve(batches, shutdown));
        (Self(sender), writer)
    }

    /// Stores and queues messages. Returns once they are committed, with an answer for each.
    pub async fn put(&self, requests: Vec<AcceptRequest>) -> Answers {
        let count = requests.len();
        let (answer, answered) = oneshot::channel();
        let refused = |why: Refusal| vec![Err(why); count];
        match self.0.try_send((requests, answer)) {
            Ok(()) => answered.await.unwrap_or_else(|_| refused(Refusal::Unavailable)),
            Err(mpsc::error::TrySendError::Full(_)) => refused(Refusal::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => refused(Refusal::Unavailable),
        }
    }
}

/// Returns the stored answer to an earlier request with this key. Called before validation, because referenced media or messages may have
/// been deleted.
pub(crate) async fn find_answer(
    db: &Db,
    clock: &Clock,
    tenant: TenantId,
    key: &IdempotencyKey,
) -> sqlx::Result<Option<Result<AcceptedSend, Refusal>>> {
    let since = clock.now() - KEY_KEPT;
    let Some(found) = idempotency::find(db.reader(), tenant, key.key.clone(), since).await? else {
        return Ok(None);
    };
    if found.digest != key.digest {
        return Ok(Some(Err(Refusal::KeyReused)));
    }
    let row = sends::find_queued(db.reader(), tenant, found.message_id).await?;
    Ok(row.map(|row| Ok(AcceptedSend::repeated(found.message_id, row))))
}

/// Claims the key of a batch, whatever becomes of its messages, and returns the batch's id. Rejects it if a different request has used the key. The messages have
/// keys of their own ([`IdempotencyKey::of_message`]), each written in the commit of its message, so the same batch can be sent again
/// after any failure.
pub(crate) async fn claim_batch_key(
    db: &Db,
    clock: &Clock,
    tenant: TenantId,
    key: &IdempotencyKey,
) -> sqlx::Result<Result<BatchId, Refusal>> {
    let now = clock.now();
    // The key's owner is the batch.
    let message: MessageId = clock.new_id();
    let keyed = KeyedRequest {
        tenant,
        key: key.key.clone(),
        digest: key.digest,
        message,
    };
    let claimed = idempotency::claim(
        db.writer(),
        std::slice::from_ref(&keyed),
        now - KEY_KEPT,
        now + BATCH_KEY_MARGIN,
    )
    .await?;
    match claimed.first() {
        Some(held) if held.message_id == message => return Ok(Ok(BatchId::from_uuid(message.uuid()))),
        Some(held) if held.digest != key.digest => return Ok(Err(Refusal::KeyReused)),
        _ => {}
    }
    let first = claimed.first().map_or(message, |held| held.message_id);
    // The same batch again: it may accept messages that were rejected or not stored before.
    Ok(
        match idempotency::renew(db.writer(), &keyed, now + BATCH_KEY_MARGIN).await? {
            0 => Err(Refusal::Unavailable),
            _ => Ok(BatchId::from_uuid(first.uuid())),
        },
    )
}

struct GroupCommitter {
    db: Db,
    clock: Clock,
    queues: Queues,
}

impl GroupCommitter {
    async fn serve(self, mut batches: BatchReceiver<PendingRequests>, shutdown: CancellationToken) {
        while let Some(batch) = batches.next(&shutdown).await {
            let mut requests: Vec<AcceptRequest> = Vec::new();
            let take = |(own, answer): PendingRequests| {
                let count = own.len();
                requests.extend(own);
                (count, answer)
            };
            let waiting: Vec<_> = batch.into_iter().map(take).collect();
            let mut answers = write_together(&requests, |requests| self.store(requests), failed)
                .await
                .into_iter();
            drop(requests);
            for (count, answer) in waiting {
                let own = answers.by_ref().take(count).collect();
                // A caller that is gone finds the message by its key.
                let _ = answer.send(own);
            }
        }
    }

    async fn store(&self, requests: &[AcceptRequest]) -> db::Result<Answers> {
        let accepted = self
            .db
            .transaction(async |tx| accept(tx, &self.clock, requests).await)
            .await;
        let answers = people::after_merges(&self.db, &self.clock, accepted).await?;
        self.queue(&answers).await;
        Ok(answers)
    }

    async fn queue(&self, answers: &Answers) {
        let new = answers.iter().flatten().filter(|it| !it.repeated);
        let entries: Vec<JobEntry> = new
            .map(|it| JobEntry {
                id: it.id.uuid(),
                due: it.due(),
                lane: queue_lane(it.lane),
            })
            .collect();
        metrics::counter!("mainstay_messages_queued_total").increment(entries.len() as u64);
        // The sweep finds what cannot be queued; the queue counts and logs its own outages.
        let _ = self.queues.push_entries(&OUTBOUND, &entries).await;
    }
}

/// Returns the answers for messages that could not be stored.
fn failed(error: &sqlx::Error, requests: &[AcceptRequest]) -> Answers {
    let refusal = if is_unavailable(error) {
        tracing::warn!(%error, messages = requests.len(), "messages could not be stored; callers should retry");
        Refusal::Unavailable
    } else {
        tracing::error!(%error, "a message could not be stored");
        Refusal::Internal
    };
    vec![Err(refusal); requests.len()]
}
