//! Ends messages whose send is a dead letter that was archived.

use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{HoldReason, MessageId, Status},
    messaging::store::sends::{self, DueSend},
    records::messages,
};

use super::{
    sendable::{lost_attempt, transition},
    transitions,
};

/// The title of the error of a message that was given up here.
const INTERNAL: &str = "internal";
const DETAILS: &str = "It was given up before a call was made: send it again. The operator sees why in GET /admin/dead-letters?archived=true.";

/// Locks the messages of sends that are to be archived.
pub(crate) async fn lock_dead(tx: &mut Tx, ids: &[MessageId]) -> Result<()> {
    let found = sends::load(tx.on(), ids).await?;
    messages::lock(tx, found.iter().map(|it| (it.tenant_id, it.id))).await
}

/// Fails the messages of archived sends as internal. One whose newest attempt is unproven may have been sent: it is held as unknown, until a
/// person decides. Messages that have ended stay as they are. Must be the last step before the commit.
pub(crate) async fn give_up(tx: &mut Tx, clock: &Clock, ids: &[MessageId]) -> Result<()> {
    let found = sends::load(tx.on(), ids).await?;
    let is_open = |it: &&DueSend| matches!(it.status, Status::Queued | Status::Sending | Status::Unknown);
    let (unproven, failed): (Vec<&DueSend>, Vec<&DueSend>) =
        found.iter().filter(is_open).partition(|it| it.is_unproven());
    let held: Vec<MessageId> = unproven.iter().map(|it| it.id).collect();
    sends::hold_dead(tx.on(), &held).await?;
    let reasons: Vec<(MessageId, HoldReason)> = held.iter().map(|id| (*id, HoldReason::Unknown)).collect();
    sends::set_hold_reasons(tx.on(), &reasons).await?;
    let ends: Vec<_> = unproven.iter().filter_map(|it| lost_attempt(it)).collect();
    let others = failed.iter().map(|it| sends::MessageTransition {
        error_title: Some(INTERNAL.to_owned()),
        error_details: Some(DETAILS.to_owned()),
        ..transition(it, Status::Failed, None)
    });
    transitions::write(tx, clock, &ends, others.collect()).await
}
