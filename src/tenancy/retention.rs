//! How long a tenant's messages, media and events are kept, where that is shorter than in the installation.

use chrono::TimeDelta;

use super::{TenancyError, TenantService};
use crate::{
    config::Retention,
    domain::TenantId,
    records::tenants::{self, Tenant, TenantRetention},
};

/// Fewest days that messages are kept: Meta sends a webhook again for seven, and what it brings must still be known.
const FEWEST_FOR_MESSAGES: i64 = 8;
/// Most days: a hundred years.
const MOST: i64 = 36_500;

/// Returns the retention of a tenant.
pub(crate) fn retention(tenant: &Tenant) -> TenantRetention {
    TenantRetention::parse(tenant.retention.as_deref())
}

/// Changes the retention of a tenant: days by the name of what is kept, or `None` for as long as in the installation.
pub(crate) async fn set_retention(
    service: &TenantService,
    installation: &Retention,
    tenant: TenantId,
    changes: &[(String, Option<i64>)],
) -> Result<(), TenancyError> {
    let mut tx = service.db.begin().await?;
    let found = tenants::find(tx.on(), tenant).await?;
    let mut found = found.ok_or_else(|| TenancyError::NotFound(format!("tenant {tenant}")))?;
    let mut kept = retention(&found);
    for (name, days) in changes {
        let (days_now, fewest, most) = match name.as_str() {
            "messages" => (&mut kept.messages, FEWEST_FOR_MESSAGES, MOST),
            "media" => (&mut kept.media, 1, days_of(installation.media)),
            "events" => (&mut kept.events, 1, days_of(installation.events)),
            _ => {
                let detail = format!("retention: {name:?} has none; use messages, media and events");
                return Err(TenancyError::Invalid(detail));
            }
        };
        if let Some(days) = days
            && !(fewest..=most).contains(days)
        {
            let detail = format!("retention: {name} are kept for {fewest} to {most} days, not for {days}");
            return Err(TenancyError::Invalid(detail));
        }
        *days_now = *days;
    }
    found.retention = kept.stored();
    tenants::set_retention(tx.on(), &found, service.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

fn days_of(time: TimeDelta) -> i64 {
    time.num_days().min(MOST)
}
