//! Merges of contacts, each in a transaction of its own. A transaction that finds that contacts are one person locks nothing more: it ends with
//! an error that names them, they are merged under the tenant's exclusive lock from the first statement on, and it begins again. Nobody
//! ever turns a shared lock into an exclusive one, which two transactions could wait for in a circle.

use sqlx::Error;

use crate::{
    clock::Clock,
    db::{Db, Result, Tx, conflict_error, retry_conflicts},
    domain::Actor,
    events::contact::{MERGED, Merged},
    records::{
        contacts::{self, ContactMerge},
        events::{self, NewEvent},
    },
};

#[derive(Debug, thiserror::Error)]
#[error("contacts are one person and have to be merged first")]
struct MergeFirst(Vec<ContactMerge>);

/// The error that ends a transaction which goes on only after these merges.
pub(crate) fn merge_first(merges: Vec<ContactMerge>) -> Error {
    Error::AnyDriverError(Box::new(MergeFirst(merges)))
}

/// Passes a transaction's result on. Where it ended because contacts have to be merged, merges them and returns a conflict instead, with
/// which the caller begins again ([`retry_conflicts`]).
pub(crate) async fn after_merges<T>(db: &Db, clock: &Clock, result: Result<T>) -> Result<T> {
    let merges = match &result {
        Err(Error::AnyDriverError(error)) => error.downcast_ref::<MergeFirst>().map(|it| it.0.clone()),
        _ => None,
    };
    let Some(merges) = merges else { return result };
    for it in merges {
        retry_conflicts(|| db.transaction_as(it.tenant, async |tx: &mut Tx| merge(tx, clock, it).await)).await?;
    }
    Err(conflict_error())
}

async fn merge(tx: &mut Tx, clock: &Clock, it: ContactMerge) -> Result<()> {
    contacts::lock_tenant(tx, it.tenant, true).await?;
    if !contacts::both_exist(tx, it).await? {
        // Another transaction found the same and was quicker.
        return Ok(());
    }
    contacts::merge(tx, clock, it, Actor::System).await?;
    let now = clock.now();
    let data = Merged {
        contact_id: it.into,
        merged_contact_id: it.from,
    };
    let event = NewEvent::new(clock, it.tenant, &MERGED, now, &data);
    events::append(tx, &[event], now).await
}
