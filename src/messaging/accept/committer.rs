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
    db::{self, BatchReceiver, Db, Submission, is_unavailable, write_together},
    domain::{Id, TenantId},
    messaging::store::sends,
    people,
    queue::{JobEntry, Queues},
    records::idempotency::{self, Keyed},
};

/// The most messages put into one commit, unless one caller brings more.
const BATCH: usize = 256;

/// How much longer the key of a batch stands than those of its messages, which are written after it: more than a request may take.
const BATCH_KEY_MARGIN: TimeDelta = TimeDelta::seconds(60);

/// The way out. Clones share the writer.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<PendingRequests>);

type Answers = Vec<Result<AcceptedSend, Refusal>>;
type PendingRequests = Submission<Vec<AcceptRequest>, Answers>;

impl Outbox {
    /// Starts the writer: one, for two would make twice the transactions of the same messages, and wait for each other at the tenant's
    /// events. At most `backlog` requests wait for it; more are refused. It ends once `shutdown` is cancelled and nothing is waiting.
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

    /// Stores messages and queues them; returns once they are committed, with an answer for each.
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

/// The answer that the same request had before, if it had one. Asked first, since what it names may be gone by now.
pub async fn find_answer(
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

/// Takes the key of a batch for the whole of it, whatever becomes of its messages; refuses where another request has it. The messages
/// have keys of their own below it, each in the commit that makes the message, so that the same batch may come again after whatever
/// happened to it before.
pub async fn claim_batch_key(
    db: &Db,
    clock: &Clock,
    tenant: TenantId,
    key: &IdempotencyKey,
) -> sqlx::Result<Result<(), Refusal>> {
    let now = clock.now();
    let message = clock.new_id();
    let keyed = Keyed {
        tenant,
        key: key.key.clone(),
        digest: key.digest,
        message,
    };
    let held = idempotency::claim(db, std::slice::from_ref(&keyed), now - KEY_KEPT, now + BATCH_KEY_MARGIN).await?;
    match held.first() {
        Some(held) if held.message_id == message => return Ok(Ok(())),
        Some(held) if held.digest != key.digest => return Ok(Err(Refusal::KeyReused)),
        _ => {}
    }
    // Some of its messages may only be taken this time.
    Ok(match idempotency::renew(db, &keyed, now + BATCH_KEY_MARGIN).await? {
        0 => Err(Refusal::Unavailable),
        _ => Ok(()),
    })
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
                // Who does not wait any more finds the message by its key.
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
                due: it.at,
                lane: queue_lane(it.lane),
            })
            .collect();
        metrics::counter!("mainstay_messages_queued_total").increment(entries.len() as u64);
        // What cannot be queued is found by the sweep; the queue counts and logs its own outages.
        let _ = self.queues.push_entries(&OUTBOUND, &entries).await;
    }
}

/// What is answered for messages that could not be stored.
fn failed(error: &sqlx::Error, requests: &[AcceptRequest]) -> Answers {
    let refusal = if is_unavailable(error) {
        tracing::warn!(%error, messages = requests.len(), "messages could not be stored; callers are told to try again");
        Refusal::Unavailable
    } else {
        tracing::error!(%error, "a message could not be stored");
        Refusal::Internal
    };
    vec![Err(refusal); requests.len()]
}
