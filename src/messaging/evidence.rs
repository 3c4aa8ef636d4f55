//! What statuses prove about attempts, and what a `failed` one means for the message. Called by whoever applies webhooks, inside their
//! transaction.

use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ChannelId, MessageId, TenantId},
    store::sends::{self, Proof},
};

use super::verdict::{Verdict, verdict};

/// Settles the attempts these statuses came back with.
pub async fn prove(tx: &mut Tx, clock: &Clock, proofs: &[Proof]) -> Result<()> {
    if proofs.is_empty() {
        return Ok(());
    }
    let proven = sends::prove(tx, proofs, clock.now()).await?;
    metrics::counter!("mainstay_sends_proven_total").increment(proven.len() as u64);
    Ok(())
}

/// A message that Meta took and then gave up.
#[derive(Clone, Debug)]
pub struct Failed {
    pub tenant: TenantId,
    pub message: MessageId,
    pub channel: ChannelId,
    pub code: i64,
    pub title: String,
}

/// Has those sent again that may be, and returns those whose channel may not send. A failure told twice finds the message queued or
/// sent already and does nothing.
pub async fn failed(tx: &mut Tx, clock: &Clock, failures: &[Failed]) -> Result<Vec<Failed>> {
    if failures.is_empty() {
        return Ok(Vec::new());
    }
    let now = clock.now();
    let ids: Vec<MessageId> = failures.iter().map(|it| it.message).collect();
    let due = sends::load(&mut *tx, &ids).await?;
    let (mut again, mut kept, mut trips) = (Vec::new(), Vec::new(), Vec::new());
    for it in due.iter().filter(|it| it.status == "failed") {
        let Some(failure) = failures.iter().find(|failure| failure.message == it.id) else {
            continue;
        };
        match verdict(failure.code, it.tries, it.created_at, it.expires_at, now) {
            Verdict::Fail => {}
            Verdict::Again(at) => again.push((it.tenant_id, it.id, at)),
            // It waits for the channel, as those do that were refused at once.
            Verdict::Trip => {
                kept.push((it.tenant_id, it.id, now));
                trips.push(failure.clone());
            }
        }
    }
    sends::requeue(&mut *tx, &again).await?;
    sends::keep_for_breaker(tx, &kept).await?;
    Ok(trips)
}
