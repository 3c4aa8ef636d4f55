//! Removes recipients and rows that are past their retention.

use chrono::TimeDelta;

use super::{CampaignService, store};
use crate::{db::Result, records};

/// Rows removed by one statement.
const CHUNK: i64 = 500;
/// Campaigns of one statement.
const PAGE: i64 = 100;

/// Removes the recipients and rows of campaigns that ended longer ago than they are kept, and returns how many. Campaigns, waves and counters
/// stay: the report is as it was.
pub(crate) async fn clean_up(service: &CampaignService, kept: TimeDelta) -> Result<u64> {
    let now = service.clock.now();
    let mut removed = 0;
    loop {
        let page = store::to_clear(service.db.reader(), now - kept, PAGE).await?;
        for of in &page {
            loop {
                let rows = store::remove_recipients(service.db.writer(), *of, CHUNK).await?
                    + records::campaigns::forget_rows(service.db.writer(), *of, CHUNK).await?;
                removed += rows;
                if rows == 0 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            store::note_cleared(service.db.writer(), *of, now).await?;
        }
        if page.is_empty() {
            return Ok(removed);
        }
    }
}
