//! Tags and lists, and the contacts that have them.

use crate::{
    db::{Result, Tx},
    records::contacts::ContactMerge,
};

/// Moves the tags of a merged contact to the other one.
pub(crate) async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const MOVE: &str = "
        UPDATE contact_tags SET contact_id = $3
        WHERE tenant_id = $1 AND contact_id = $2
            AND tag_id NOT IN (SELECT tag_id FROM contact_tags WHERE tenant_id = $1 AND contact_id = $3)";
    const DELETE: &str = "DELETE FROM contact_tags WHERE tenant_id = $1 AND contact_id = $2";
    tx.sql(MOVE, (tenant, from, into)).run().await?;
    tx.sql(DELETE, (tenant, from)).run().await.map(drop)
}
