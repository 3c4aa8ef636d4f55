//! Writes contacts for people and the API: one transaction for a batch, in which each contact succeeds or fails by itself.
//!
//! 1. Locks the tenant's merges, reads the fields, creates missing tags.
//! 2. Finds whose the identities are; inputs that name the same ones are about one contact, the later one wins.
//! 3. Locks the contacts, applies the changes to what is stored, and writes what differs.
//! 4. Appends consents, then events.

mod apply;
mod events;
mod input;
mod labels;
mod owners;
pub(crate) mod profile;

pub(crate) use input::{ConsentInput, ContactInput, ContactKey, Given, NameChange, ProfileUpdate, WriteMode};

use super::{ContactError, ContactResult, ContactService};
use crate::{
    db::{Tx, is_conflict},
    domain::{ContactId, Ctx},
};

/// Contacts of one batch.
pub(crate) const MAX_BATCH: usize = 1_000;
/// Attempts after conflicts with other transactions.
const ATTEMPTS: usize = 6;

/// What became of a contact that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContactWritten {
    pub contact: ContactId,
    pub created: bool,
    pub changed: bool,
}

/// Writes a batch. A contact that cannot be written does not affect the others.
pub(crate) async fn write(
    service: &ContactService,
    ctx: &Ctx,
    mode: WriteMode,
    inputs: &[ContactInput],
) -> ContactResult<Vec<ContactResult<ContactWritten>>> {
    let mut attempts = 1;
    loop {
        let work = async |tx: &mut Tx| apply::apply(tx, service, ctx, mode, inputs).await;
        match service.db.transaction_as(ctx.tenant, work).await {
            Err(ContactError::Database(error)) if is_conflict(&error) && attempts < ATTEMPTS => attempts += 1,
            result => return result,
        }
    }
}

/// Writes one contact.
pub(crate) async fn write_one(
    service: &ContactService,
    ctx: &Ctx,
    mode: WriteMode,
    input: ContactInput,
) -> ContactResult<ContactWritten> {
    let mut written = write(service, ctx, mode, &[input]).await?;
    written
        .pop()
        .unwrap_or_else(|| Err(ContactError::NotFound("contact".to_owned())))
}
