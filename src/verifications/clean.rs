//! Removes what is no longer needed of verifications.

use chrono::TimeDelta;

use super::{service::VerificationService, store};
use crate::{db::Result, domain::TaskKind, records::tasks};

/// How long the numbers of a verification are kept after its end.
const ITEMS_KEPT: TimeDelta = TimeDelta::days(30);
/// Numbers removed by one statement.
const CHUNK: i64 = 500;

/// Removes the numbers of old verifications. The tasks themselves go later, as those of imports do.
pub async fn clean_up(service: &VerificationService) -> Result<()> {
    let now = service.clock.now();
    let before = now - ITEMS_KEPT;
    for (id, tenant) in tasks::with_old_file(service.db.reader(), TaskKind::Verification, before, before).await? {
        while store::remove(service.db.writer(), tenant, id, CHUNK).await? > 0 {
            tokio::task::yield_now().await;
        }
        tasks::file_is_gone(service.db.writer(), id, now).await?;
    }
    Ok(())
}
