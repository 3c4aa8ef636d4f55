//! Dead letters of all queues: what is done with them by the schedule `retry_dead`, and by operators.

use uuid::Uuid;

use super::{QUEUES, revives};
use crate::{
    app::App,
    clock::Clock,
    db::{Db, Result, Tx},
    domain::{Id, MessageId},
    messaging::{self, accept::OUTBOUND},
    queue::{
        Queue,
        dead_letters::{self, PER_RUN},
    },
};

/// Rows that are archived in one transaction.
const CHUNK: usize = 200;

/// Revives what has been dead for as long as its rung says, and archives what has no rung left; at most 2,000 rows of each queue.
pub async fn retry_dead(app: &App) -> Result<()> {
    let ladder = &app.config.dead_letters;
    for queue in QUEUES.iter().filter(|queue| revives(queue)) {
        dead_letters::revive(&app.db, &app.queues, queue, ladder, app.clock.now()).await?;
        let hopeless = dead_letters::archivable(&app.db, queue, ladder, PER_RUN).await?;
        for chunk in hopeless.chunks(CHUNK) {
            archive((&app.db, &app.clock), queue, chunk).await?;
        }
    }
    Ok(())
}

/// Archives dead rows of a queue, with what follows from it, in one transaction; returns their ids.
pub(crate) async fn archive((db, clock): (&Db, &Clock), queue: &Queue, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let archive = async |tx: &mut Tx| {
        let now = clock.now();
        if *queue != OUTBOUND {
            return dead_letters::archive(tx.on(), queue, ids, now).await;
        }
        let messages: Vec<MessageId> = ids.iter().map(|id| MessageId::from_uuid(*id)).collect();
        messaging::lock_dead(tx, &messages).await?;
        let archived = dead_letters::archive(tx.on(), queue, ids, now).await?;
        let messages: Vec<MessageId> = archived.iter().map(|id| MessageId::from_uuid(*id)).collect();
        messaging::give_up(tx, clock, &messages).await?;
        Ok(archived)
    };
    db.background_transaction(archive).await
}
