//! A turn of a consumer: pages of events, each consumed in the transaction that advances the cursor.

use chrono::{DateTime, Utc};

use super::{
    CONSUMERS, EventConsumer, EventConsumers,
    store::{self, ConsumerCursor},
};
use crate::{
    clock::Clock,
    db::{Db, Result, Tx, retry_conflicts},
    domain::{EventConsumerId, Id},
    queue::{
        Lease,
        recurring::{self, UNTIL_WOKEN},
    },
    records::{events, lock_order::Stage},
};

/// Maximum events of a page.
const PAGE: i64 = 200;
/// Maximum pages of a turn: then other cursors have theirs.
const PAGES: usize = 20;

/// What became of a page.
enum Step {
    /// Consumed, and there are more events.
    More,
    /// The turn is over; the cursor is due again at this time.
    Over(DateTime<Utc>),
    /// Another worker has taken the cursor over.
    Lost,
}

/// Lets the consumer of a leased cursor consume its next events, and reschedules the cursor: until it is woken, or at once if there are more
/// events than a turn takes. Returns the due time; `None` if another worker has taken the cursor over.
pub async fn run(
    db: &Db,
    clock: &Clock,
    consumers: &EventConsumers,
    id: EventConsumerId,
) -> Result<Option<DateTime<Utc>>> {
    let Some(lease) = recurring::lease(db.reader(), &CONSUMERS, id).await? else {
        return Ok(None);
    };
    let Some(cursor) = store::find(db.reader(), id).await? else {
        return Ok(None);
    };
    let now = clock.now();
    let Some(consumer) = consumers.find(&cursor.consumer) else {
        // Of another version of the program.
        return recurring::reschedule(db.writer(), &CONSUMERS, lease, now, now + UNTIL_WOKEN).await;
    };
    for page in 1..=PAGES {
        let step = async |tx: &mut Tx| consume_page(tx, consumer, (&cursor, lease), page == PAGES, clock.now()).await;
        match retry_conflicts(|| db.background_transaction(step)).await? {
            Step::More => {}
            Step::Over(due) => return wake_if_missed(db, id, due, clock.now()).await.map(Some),
            Step::Lost => break,
        }
    }
    Ok(None)
}

/// Makes a cursor due at once if events were committed while its last page was: whoever appended them saw it in hand and passed over it.
/// Returns the due time.
async fn wake_if_missed(db: &Db, id: EventConsumerId, due: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if due <= now || !store::lags(db.reader(), id).await? {
        return Ok(due);
    }
    let woken = recurring::wake(db.writer(), &CONSUMERS, &[id.uuid()], now).await?;
    Ok(if woken.is_empty() { due } else { now })
}

async fn consume_page(
    tx: &mut Tx,
    consumer: &EventConsumer,
    (cursor, lease): (&ConsumerCursor, Lease),
    last: bool,
    now: DateTime<Utc>,
) -> Result<Step> {
    Stage::EventConsumers.reach(tx);
    if !recurring::hold(tx, &CONSUMERS, lease).await? {
        return Ok(Step::Lost);
    }
    // Read with the row held: it is where the last committed page has ended.
    let Some(ConsumerCursor { sequence, .. }) = store::find(tx.on(), cursor.id).await? else {
        return Ok(Step::Lost);
    };
    let page = events::list(tx.on(), cursor.tenant_id, sequence, None, PAGE).await?;
    if !page.events.is_empty() {
        (consumer.consume)(tx, cursor.tenant_id, &page.events).await?;
    }
    if page.after > sequence {
        store::advance(tx, cursor.id, page.after).await?;
    }
    if page.more && !last {
        return Ok(Step::More);
    }
    let due = if page.more { now } else { now + UNTIL_WOKEN };
    let due = recurring::reschedule(tx.on(), &CONSUMERS, lease, now, due).await?;
    Ok(due.map_or(Step::Lost, Step::Over))
}
