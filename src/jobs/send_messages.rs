use std::time::Duration;

use crate::{
    app::App,
    domain::MessageId,
    messaging::{self, accept::OUTBOUND},
    queue::{Claim, Job, Outcomes, Queue},
};

/// Sends what callers have queued.
pub struct SendMessages;

impl Job for SendMessages {
    const QUEUE: Queue = OUTBOUND;
    // A batch is in hand until Meta has answered the last of it, and slots lie up to half a second ahead: at 1,000 a second that is a
    // thousand messages in hand, in batches that are seldom full.
    const CONCURRENCY: usize = 20;
    const BATCH: usize = 100;
    // A send is never given up by the queue: what is to become of it is decided by its attempts, its time and its tenant.
    const MAX_ATTEMPTS: i64 = i64::MAX;
    const CLAIM: Claim = Claim::Leased;
    // Longer than a call may take and a slot may lie ahead: a call that is cut off leaves its message unknown.
    const TIMEOUT: Duration = Duration::from_secs(150);
    // A send costs the database much the same alone or with ten others, and Meta takes far longer to answer.
    const LINGER: Duration = Duration::from_millis(20);
    type Id = MessageId;
    type Context = App;

    async fn run(app: &App, messages: &[MessageId]) -> Outcomes<MessageId> {
        messaging::send(&app.messaging, messages).await
    }
}
