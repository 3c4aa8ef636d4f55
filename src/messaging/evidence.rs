//! What statuses prove about attempts, and what a `failed` one means for the message. Called by whoever applies webhooks, inside their
//! transaction.

use crate::{
    app::App,
    db::{Result, Tx},
    domain::{ChannelId, MessageId, TenantId},
    store::sends::{self, Proof},
};

use super::{
    breaker,
    verdict::{Verdict, verdict},
};

/// Settles the attempts these statuses came back with.
pub async fn prove(tx: &mut Tx, clock: &crate::clock::Clock, proofs: &[Proof]) -> Result<()> {
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

/// Has those sent again that may be, and trips the channels that may not send. After the commit that told of the failures; a
/// failure told twice finds the message queued or sent already and does nothing.
pub async fn failed(app: &App, failures: &[Failed]) -> Result<()> {
    let now = app.clock.now();
    let ids: Vec<MessageId> = failures.iter().map(|it| it.message).collect();
    let due = sends::load(&app.db, &ids).await?;
    let mut again = Vec::new();
    for it in due.iter().filter(|it| it.status == "failed") {
        let Some(failure) = failures.iter().find(|failure| failure.message == it.id) else {
            continue;
        };
        match verdict(failure.code, it.tries, it.created_at, it.expires_at, now) {
            Verdict::Fail => {}
            Verdict::Again(at) => again.push((it.tenant_id, it.id, at)),
            Verdict::Trip => breaker::trip(app, failure.channel, failure.code, &failure.title).await?,
        }
    }
    if again.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    sends::requeue(&mut tx, &again).await?;
    tx.commit().await
}
