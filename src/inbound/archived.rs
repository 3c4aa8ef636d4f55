//! Archived contacts that write.

use std::collections::BTreeSet;

use super::{event_buffer::EventBuffer, messages::PlannedMessage};
use crate::{
    clock::Clock,
    contacts::people,
    db::{Result, Tx},
    domain::{ContactId, Origin},
    records::contacts,
};

/// Brings archived contacts that write back into use.
pub(super) async fn bring_back(
    tx: &mut Tx,
    clock: &Clock,
    messages: &[&PlannedMessage],
    contacts: &[ContactId],
    buffer: &mut EventBuffer<'_>,
) -> Result<()> {
    let from_customers = messages.iter().filter(|it| it.origin == Origin::Customer);
    let writing: BTreeSet<_> = from_customers.map(|it| (it.tenant, contacts[it.contact])).collect();
    let archived = contacts::archived(tx.on(), &writing.into_iter().collect::<Vec<_>>()).await?;
    if archived.is_empty() {
        return Ok(());
    }
    contacts::lock(tx, archived.iter().copied()).await?;
    contacts::set_archived(tx.on(), &archived, None, clock.now()).await?;
    buffer.extend(
        archived
            .iter()
            .map(|(tenant, contact)| people::restored_event(clock, *tenant, *contact)),
    );
    Ok(())
}
