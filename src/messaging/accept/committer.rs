use chrono::TimeDelta;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Ask, OUTBOUND, Queued, Refusal, queue_lane,
    write::{KEY_KEPT, accept},
};
use crate::{
    clock::Clock,
    db::{self, BatchReceiver, Db, Submission, is_unavailable, write_together},
    domain::{Id, TenantId},
    messaging::store::sends,
    people,
    queue::{JobEntry, Queues},
    records::idempotency::{self, KeyedRequest},
};

/// The most messages put into one commit, unless one caller brings more.
const BATCH: usize = 256;

/// How much longer the key of a batch stands than those of its messages, which are written after it: more than a request may take.
const OUTLIVES: TimeDelta = TimeDelta::seconds(60);

/// The way out. Clones share the writer.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<Waiting>);

type Answers = Vec<Result<Queued, Refusal>>;
type Waiting = Submission<Vec<Ask>, Answers>;

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
        let batches = BatchReceiver::new(BATCH, from).with_weight(|(asks, _): &Waiting| asks.len());
        let desk = Desk { db, clock, queues };
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer outlives the requests; the process awaits its handle"
        )]
        let writer = tokio::spawn(desk.serve(batches, shutdown));
        (Self(sender), writer)
    }

    /// Stores messages and queues them; returns once they are committed, with an answer for each.
    pub async fn put(&self, asks: Vec<Ask>) -> Answers {
        let count = asks.len();
        let (answer, answered) = oneshot::channel();
        let refused = |why: Refusal| vec![Err(why); count];
        match self.0.try_send((asks, answer)) {
            Ok(()) => answered.await.unwrap_or_else(|_| refused(Refusal::Unavailable)),
            Err(mpsc::error::TrySendError::Full(_)) => refused(Refusal::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => refused(Refusal::Unavailable),
        }
    }
}

/// The answer that the same request had before, if it had one. Asked first, since what it names may be gone by now.
pub async fn answered(
    db: &Db,
    clock: &Clock,
    tenant: TenantId,
    (key, digest): (&str, &[u8]),
) -> sqlx::Result<Option<Result<Queued, Refusal>>> {
    let since = clock.now() - KEY_KEPT;
    let Some(found) = idempotency::find(db.reader(), tenant, key.to_owned(), since).await? else {
        return Ok(None);
    };
    if found.digest != digest {
        return Ok(Some(Err(Refusal::KeyReused)));
    }
    let row = sends::find_queued(db.reader(), tenant, found.message_id).await?;
    Ok(row.map(|row| Ok(Queued::again(found.message_id, row))))
}

/// The key of one message of a batch that has this key. The character U+001F keeps it apart from whatever a caller may write: a header holds
/// no control characters.
pub fn key_within(batch: &str, n: usize) -> String {
    format!("{batch}\u{1f}{n}")
}

/// Takes the key of a batch for the whole of it, whatever becomes of its messages; refuses where another request has it. The messages
/// have keys of their own below it, each in the commit that makes the message, so that the same batch may come again after whatever
/// happened to it before.
pub async fn take_key(
    db: &Db,
    clock: &Clock,
    tenant: TenantId,
    (key, digest): (&str, [u8; 32]),
) -> sqlx::Result<Result<(), Refusal>> {
    let now = clock.now();
    let (key, message) = (key.to_owned(), clock.new_id());
    let keyed = KeyedRequest {
        tenant,
        key,
        digest,
        message,
    };
    let held = idempotency::claim(db, std::slice::from_ref(&keyed), now - KEY_KEPT, now + OUTLIVES).await?;
    match held.first() {
        Some(held) if held.message_id == message => return Ok(Ok(())),
        Some(held) if held.digest != digest => return Ok(Err(Refusal::KeyReused)),
        _ => {}
    }
    // Some of its messages may only be taken this time.
    Ok(match idempotency::renew(db, &keyed, now + OUTLIVES).await? {
        0 => Err(Refusal::Unavailable),
        _ => Ok(()),
    })
}

struct Desk {
    db: Db,
    clock: Clock,
    queues: Queues,
}

impl Desk {
    async fn serve(self, mut batches: BatchReceiver<Waiting>, shutdown: CancellationToken) {
        while let Some(batch) = batches.next(&shutdown).await {
            let mut asks: Vec<Ask> = Vec::new();
            let take = |(own, answer): Waiting| {
                let count = own.len();
                asks.extend(own);
                (count, answer)
            };
            let waiting: Vec<_> = batch.into_iter().map(take).collect();
            let mut answers = write_together(&asks, |asks| self.store(asks), failed).await.into_iter();
            drop(asks);
            for (count, answer) in waiting {
                let own = answers.by_ref().take(count).collect();
                // Who does not wait any more finds the message by its key.
                let _ = answer.send(own);
            }
        }
    }

    async fn store(&self, asks: &[Ask]) -> db::Result<Answers> {
        let accepted = self
            .db
            .transaction(async |tx| accept(tx, &self.clock, asks).await)
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
fn failed(error: &sqlx::Error, asks: &[Ask]) -> Answers {
    let refusal = if is_unavailable(error) {
        tracing::warn!(%error, messages = asks.len(), "messages could not be stored; callers are told to try again");
        Refusal::Unavailable
    } else {
        tracing::error!(%error, "a message could not be stored");
        Refusal::Internal
    };
    vec![Err(refusal); asks.len()]
}
