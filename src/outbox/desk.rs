use futures::future::join_all;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Ask, OUTBOUND, Queued, Refusal,
    accept::{KEY_KEPT, accept},
    queue_lane,
};
use crate::{
    clock::Clock,
    db::{Db, is_conflict, is_unavailable},
    domain::{Id, TenantId},
    queue::{Entry, Queues},
    store::{idempotency, sends},
};

/// The most messages put into one commit, unless one caller brings more.
const BATCH: usize = 256;
/// Commits under way at once on PostgreSQL; SQLite has one writer.
const WRITERS: usize = 2;
/// Two commits that make the same contact or conversation may collide; the loser begins again.
const COLLISIONS: usize = 5;

/// The way out. Clones share the writer.
#[derive(Clone)]
pub struct Outbox(mpsc::Sender<Waiting>);

type Answers = Vec<Result<Queued, Refusal>>;

struct Waiting {
    asks: Vec<Ask>,
    answer: oneshot::Sender<Answers>,
}

impl Outbox {
    /// Starts the writers. At most `backlog` requests wait for it; more are refused. They end once `shutdown` is cancelled and nothing
    /// is waiting.
    pub fn start(
        db: Db,
        clock: Clock,
        queues: Queues,
        backlog: usize,
        shutdown: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (sender, from) = mpsc::channel(backlog);
        let writers = if db.is_postgres() { WRITERS } else { 1 };
        let (desk, from) = (Desk { db, clock, queues }, Mutex::new(from));
        #[expect(
            clippy::disallowed_methods,
            reason = "the writer outlives the requests; the process awaits its handle"
        )]
        let writer = tokio::spawn(async move {
            join_all((0..writers).map(|_| desk.serve(&from, &shutdown))).await;
        });
        (Self(sender), writer)
    }

    /// Stores messages and queues them; returns once they are committed, with an answer for each.
    pub async fn put(&self, asks: Vec<Ask>) -> Answers {
        let count = asks.len();
        let (answer, answered) = oneshot::channel();
        let refused = |why: Refusal| vec![Err(why); count];
        match self.0.try_send(Waiting { asks, answer }) {
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

struct Desk {
    db: Db,
    clock: Clock,
    queues: Queues,
}

impl Desk {
    async fn serve(&self, from: &Mutex<mpsc::Receiver<Waiting>>, shutdown: &CancellationToken) {
        while let Some(waiting) = gather(&mut *from.lock().await, shutdown).await {
            let asks: Vec<Ask> = waiting.iter().flat_map(|it| it.asks.iter().cloned()).collect();
            let mut answers = self.store(&asks).await.into_iter();
            for it in waiting {
                let own = answers.by_ref().take(it.asks.len()).collect();
                // Who does not wait any more finds the message by its key.
                let _ = it.answer.send(own);
            }
        }
    }

    /// Everything in one commit; when that fails, each by itself, so that one harms nobody else.
    async fn store(&self, asks: &[Ask]) -> Answers {
        let failed = match self.together(asks).await {
            Ok(answers) => {
                self.queue(&answers).await;
                return answers;
            }
            Err(error) => error,
        };
        if is_unavailable(&failed) {
            tracing::warn!(error = %failed, messages = asks.len(), "messages could not be stored; callers are told to try again");
            return vec![Err(Refusal::Unavailable); asks.len()];
        }
        if asks.len() == 1 {
            tracing::error!(error = %failed, "a message could not be stored");
            return vec![Err(Refusal::Internal)];
        }
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.extend(Box::pin(self.store(std::slice::from_ref(ask))).await);
        }
        answers
    }

    async fn together(&self, asks: &[Ask]) -> sqlx::Result<Answers> {
        let mut collisions = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let error = match accept(&mut tx, &self.clock, asks).await {
                Ok(answers) => match tx.commit().await {
                    Ok(()) => return Ok(answers),
                    Err(error) => error,
                },
                Err(error) => {
                    tx.rollback().await?;
                    error
                }
            };
            if !is_conflict(&error) || collisions == COLLISIONS {
                return Err(error);
            }
            collisions += 1;
        }
    }

    async fn queue(&self, answers: &Answers) {
        let new = answers.iter().flatten().filter(|it| !it.repeated);
        let entries: Vec<Entry> = new
            .map(|it| Entry {
                id: it.id.uuid(),
                due: it.at,
                lane: queue_lane(it.lane),
            })
            .collect();
        metrics::counter!("mainstay_messages_queued_total").increment(entries.len() as u64);
        // What cannot be queued is found by the sweep; the queue counts and logs its own outages.
        let _ = self.queues.offer(&OUTBOUND, &entries).await;
    }
}

/// Takes what is waiting; `None` when the process ends and nothing waits any more.
async fn gather(from: &mut mpsc::Receiver<Waiting>, shutdown: &CancellationToken) -> Option<Vec<Waiting>> {
    let first = tokio::select! {
        biased;
        first = from.recv() => first,
        () = shutdown.cancelled() => from.try_recv().ok(),
    }?;
    let mut count = first.asks.len();
    let mut waiting = vec![first];
    while count < BATCH
        && let Ok(next) = from.try_recv()
    {
        count += next.asks.len();
        waiting.push(next);
    }
    Some(waiting)
}
