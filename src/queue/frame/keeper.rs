use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::line::{Line, Settlement};
use crate::queue::{Claim, rows};

/// Settlements that go to the driver in one command.
const TOGETHER: usize = 512;
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// How long a leaving process tries to tell a driver that does not answer.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Renews what is in hand at a third of the lease, and tells the driver what was let go. One task does both, in turn, so that a
/// renewal never brings back what was settled just before.
pub async fn keep(line: Arc<Line>, mut settlements: mpsc::Receiver<Settlement>) {
    let end = line.shared.end.clone();
    let mut renewal = interval(line.terms.lease / 3);
    renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut owed = Settlement::default();
    let mut gathered = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            count = settlements.recv_many(&mut gathered, TOGETHER) => if count == 0 { break },
            _ = renewal.tick() => renew(&line).await,
            () = tokio::time::sleep(TRY_AGAIN), if line.is_owing() => (),
            () = end.cancelled(), if !settlements.is_closed() => settlements.close(),
        }
        gather(&mut owed, &mut gathered);
        settle(&line, &mut owed).await;
    }
    let telling = async {
        while line.is_owing() {
            tokio::time::sleep(TRY_AGAIN).await;
            settle(&line, &mut owed).await;
        }
    };
    drop(timeout(LAST_WORDS, telling).await);
}

fn gather(owed: &mut Settlement, settlements: &mut Vec<Settlement>) {
    for settlement in settlements.drain(..) {
        owed.gone.extend(settlement.gone);
        owed.again.extend(settlement.again);
    }
}

async fn settle(line: &Line, owed: &mut Settlement) {
    if owed.gone.is_empty() && owed.again.is_empty() {
        return;
    }
    let told = line
        .shared
        .queues
        .settle(&line.terms.queue, &owed.gone, &owed.again)
        .await;
    line.set_owing(told.is_err());
    if told.is_ok() {
        owed.gone.clear();
        owed.again.clear();
    }
}

async fn renew(line: &Line) {
    let (shared, terms) = (&line.shared, &line.terms);
    let (ids, leases) = line.hands.all();
    if ids.is_empty() {
        return;
    }
    // Failures are noted where they happen; the next turn tries again, and a lease that ends meanwhile stops its job.
    drop(shared.queues.renew(&terms.queue, &ids, terms.held()).await);
    if terms.claim == Claim::Leased && !leases.is_empty() {
        let (begun, until) = (Instant::now(), shared.clock.now() + terms.lease);
        let renewing = rows::renew(&shared.db, &terms.queue, &leases, until);
        if let Ok(renewed) = timeout(terms.lease / 6, renewing).await
            && let Ok(renewed) = shared.database.note(renewed)
        {
            line.hands.renewed(&leases, &renewed, begun + terms.lease);
        }
    }
}
