//! The recount: counters against the rows that they count.

use crate::{
    db::{On, Result},
    domain::{CampaignId, CampaignMessages, TenantId},
};

/// Returns the states of a wave whose counter is not the number of their rows: state, counter, rows. Counter and recount are one statement,
/// and so one snapshot.
pub(crate) async fn recount_wave(
    on: On<'_>,
    (tenant, campaign, wave): (TenantId, CampaignId, i64),
    messages: CampaignMessages,
) -> Result<Vec<(String, i64, i64)>> {
    const SQL: &str = "
        SELECT x.status, CAST(SUM(x.counted) AS BIGINT) AS counted, CAST(SUM(x.found) AS BIGINT) AS found
        FROM (
            SELECT c.status, c.n AS counted, 0 AS found FROM campaign_counts c
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.wave = $3 AND c.status <> 'replied'
            UNION ALL
            SELECT CASE WHEN m.status IN ('queued', 'sending') THEN 'open' ELSE m.status END AS status, 0 AS counted, COUNT(*) AS found
            FROM messages m
            WHERE m.tenant_id = $1 AND m.id >= $4 AND m.id <= $5 AND m.campaign_id = $2
            GROUP BY 1
            UNION ALL
            SELECT 'suppressed' AS status, 0 AS counted, COUNT(*) AS found
            FROM campaign_recipients r
            WHERE r.tenant_id = $1 AND r.campaign_id = $2 AND r.wave = $3 AND r.outcome = 'suppressed'
                AND r.n < (SELECT w.cursor FROM campaign_waves w
                    WHERE w.tenant_id = $1 AND w.campaign_id = $2 AND w.wave = $3)
        ) x
        GROUP BY x.status
        HAVING SUM(x.counted) <> SUM(x.found)
        ORDER BY x.status";
    let (first, last) = messages.range(wave);
    on.sql(SQL, (tenant, campaign, wave, first, last)).all().await
}
