//! Pages of messages, bounded in bytes and rows.

use std::collections::HashMap;

use super::Message;
use crate::{
    db::{KeyedRows, On, Result},
    domain::{Id, MessageId, TenantId},
    records::page_bytes::fitting,
};

/// Loads long payloads that the list query omitted, and truncates the page at its byte limit ([`fitting`]). Returns whether it was
/// truncated.
pub(super) async fn fill(on: &mut On<'_>, tenant: TenantId, rows: &mut Vec<Message>) -> Result<bool> {
    const LENGTHS: &str = "
        WITH r (id, tenant_id) AS ({rows})
        SELECT m.id, CAST(octet_length(m.payload) AS BIGINT) FROM {r CROSS JOIN} messages m
        WHERE {m.id = r.id} AND m.tenant_id = r.tenant_id";
    const PAYLOADS: &str = "
        WITH r (id, tenant_id) AS ({rows})
        SELECT m.id, m.payload FROM {r CROSS JOIN} messages m
        WHERE {m.id = r.id} AND m.tenant_id = r.tenant_id";
    let left_out = |rows: &[Message]| -> Vec<_> {
        let rows = rows.iter().filter(|row| row.payload.is_empty());
        rows.map(|row| (row.id.uuid(), tenant.uuid())).collect()
    };
    let lengths: Vec<(MessageId, i64)> = KeyedRows::new(LENGTHS, left_out(rows)).all(on.reborrow()).await?;
    let lengths: HashMap<MessageId, i64> = lengths.into_iter().collect();
    let fit = fitting(rows.iter().map(|row| {
        let long = lengths.get(&row.id).and_then(|length| usize::try_from(*length).ok());
        long.unwrap_or(row.payload.len())
    }));
    let is_cut = fit < rows.len();
    rows.truncate(fit);
    let payloads: Vec<(MessageId, String)> = KeyedRows::new(PAYLOADS, left_out(rows)).all(on.reborrow()).await?;
    let mut payloads: HashMap<MessageId, String> = payloads.into_iter().collect();
    for row in rows {
        if let Some(payload) = payloads.remove(&row.id) {
            row.payload = payload;
        }
    }
    Ok(is_cut)
}
