//! Merges two contacts on request.

use super::{ContactError, ContactResult, ContactService};
use crate::{
    db::Tx,
    domain::{ContactId, Ctx},
    events::contact::{MERGED, Merged},
    records::{
        contacts::{self, ContactMerge},
        events::{self, NewEvent},
    },
};

/// Merges one contact into another. What both have, the one that stays keeps; its id is that of all from then on.
pub(crate) async fn merge(service: &ContactService, ctx: &Ctx, from: ContactId, into: ContactId) -> ContactResult<()> {
    if from == into {
        return Err(ContactError::invalid("from", "a contact is not merged with itself"));
    }
    let merge = ContactMerge {
        tenant: ctx.tenant,
        from,
        into,
    };
    let work = async |tx: &mut Tx| {
        contacts::lock_tenant(tx, ctx.tenant, true).await?;
        for id in [into, from] {
            let found = contacts::find(tx.on(), ctx.tenant, id).await?;
            let contact = found.ok_or_else(|| ContactError::NotFound(format!("contact {id}")))?;
            if contact.kind != "person" {
                return Err(ContactError::invalid("from", "only people are merged, not groups"));
            }
        }
        contacts::merge(tx, &service.clock, merge, ctx.actor).await?;
        let now = service.clock.now();
        let data = Merged {
            contact_id: into,
            merged_contact_id: from,
        };
        let event = NewEvent::new(&service.clock, ctx.tenant, &MERGED, now, &data).by(ctx.actor);
        events::append(tx, &[event], now).await?;
        Ok(())
    };
    service.db.transaction_as(ctx.tenant, work).await
}
