use std::time::Duration;

use crate::{
    app::App,
    domain::MessageId,
    messaging::{self, accept::OUTBOUND},
    queue::{Claim, Job, Outcomes, Queue},
};

/// Sends accepted messages.
pub(crate) struct SendMessages;

impl Job for SendMessages {
    const QUEUE: Queue = OUTBOUND;
    // A batch is in hand until Meta has answered its last message, and slots are up to half a second ahead: at 1,000 messages per second
    // that is 1,000 in hand, in batches that are seldom full.
    const CONCURRENCY: usize = 20;
    const BATCH: usize = 100;
    // The queue never gives up a send: its attempts, its expiry and its tenant decide what becomes of it.
    const MAX_ATTEMPTS: i64 = i64::MAX;
    const CLAIM: Claim = Claim::Leased;
    // Longer than a call takes and a slot is ahead: a call that is cut off leaves its message unknown.
    const TIMEOUT: Duration = Duration::from_secs(150);
    // A send costs the database much the same alone or with ten others, and Meta takes far longer to answer.
    const LINGER: Duration = Duration::from_millis(20);
    type Id = MessageId;
    type Context = App;

    async fn run(app: &App, messages: &[MessageId]) -> Outcomes<MessageId> {
        messaging::send(&app.messaging, messages).await
    }
}
