//! Pages of messages, bounded in bytes as well as in rows.

use std::collections::HashMap;

use super::Message;
use crate::{
    db::{Keyed, On, Result},
    domain::{Id, MessageId, TenantId},
};

/// Bytes of payloads in one page. Meta's messages have some hundreds.
const PAGE: usize = 4 * 1_024 * 1_024;

/// Puts in the payloads that the page's statement left out for their length, and cuts the page before the message that would make it longer
/// than [`PAGE`]; its first message is always in it. Tells whether it was cut.
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
    let long = left_out(rows);
    if long.is_empty() {
        return Ok(false);
    }
    let lengths: Vec<(MessageId, i64)> = Keyed::new(LENGTHS, long).all(on.again()).await?;
    let lengths: HashMap<MessageId, i64> = lengths.into_iter().collect();
    let mut sum = 0;
    let fit = rows.iter().take_while(|row| {
        let long = lengths.get(&row.id).and_then(|length| usize::try_from(*length).ok());
        sum += long.unwrap_or(row.payload.len());
        sum <= PAGE
    });
    let fit = fit.count().max(1);
    let is_cut = fit < rows.len();
    rows.truncate(fit);
    let payloads: Vec<(MessageId, String)> = Keyed::new(PAYLOADS, left_out(rows)).all(on.again()).await?;
    let mut payloads: HashMap<MessageId, String> = payloads.into_iter().collect();
    for row in rows {
        if let Some(payload) = payloads.remove(&row.id) {
            row.payload = payload;
        }
    }
    Ok(is_cut)
}
