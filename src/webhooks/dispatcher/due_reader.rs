use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    db::{Asked, Batches, Db, ask, is_unavailable},
    domain::EndpointId,
    webhooks::{
        WebhookService,
        store::deliveries::{self, Due, DueQuery},
    },
};

/// Questions of one statement, and those that may wait.
const TOGETHER: usize = 128;
const WAITING: usize = 1_024;

type Answer = sqlx::Result<Vec<Due>>;
type Question = Asked<DueQuery, Answer>;

/// Asks what is due.
pub struct Reads(mpsc::Sender<Question>);

/// Answers: questions that come while it reads share the next statement.
pub struct Desk {
    db: Db,
    clock: Clock,
    from: Batches<Question>,
}

impl Reads {
    pub fn new(with: &WebhookService) -> (Self, Desk) {
        let (to, from) = mpsc::channel(WAITING);
        let desk = Desk {
            db: with.db.clone(),
            clock: with.clock.clone(),
            from: Batches::of(TOGETHER, from),
        };
        (Self(to), desk)
    }

    /// What is due at an endpoint. The desk ends after those who ask it.
    pub async fn due(&self, wanted: DueQuery) -> Answer {
        ask(&self.0, wanted).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

impl Desk {
    pub async fn run(mut self, done: &CancellationToken) {
        while let Some(questions) = self.from.next(done).await {
            let wanted: Vec<DueQuery> = questions.iter().map(|(wanted, _)| *wanted).collect();
            match deliveries::due(&self.db, &wanted, self.clock.now()).await {
                Ok(found) => answer(questions, found),
                Err(error) => refuse(questions, &error),
            }
        }
    }
}

fn answer(questions: Vec<Question>, found: Vec<Due>) {
    let mut by_endpoint: HashMap<EndpointId, Vec<Due>> = HashMap::new();
    for due in found {
        by_endpoint.entry(due.endpoint_id).or_default().push(due);
    }
    for (wanted, to) in questions {
        // A line has one question at a time.
        let _ = to.send(Ok(by_endpoint.remove(&wanted.endpoint).unwrap_or_default()));
    }
}

fn refuse(questions: Vec<Question>, error: &sqlx::Error) {
    for (_, to) in questions {
        let same = if is_unavailable(error) {
            sqlx::Error::PoolTimedOut
        } else {
            // Nothing that looks like an outage: only those who asked are to wait.
            sqlx::Error::AnyDriverError(error.to_string().into())
        };
        let _ = to.send(Err(same));
    }
}
