//! What a person has go at once.

use chrono::{DateTime, Utc};

use super::{Error, WebhookService};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{DeliveryId, EndpointId, TenantId},
    webhooks::store::{
        deliveries::{self, BROUGHT_AT_ONCE},
        endpoints,
    },
};

/// Statements in one call: what is beyond them, a hundred thousand, is tried at its own time.
const PAGES: usize = 100;

impl WebhookService {
    /// Sends now what an endpoint has waiting for its next attempt, once that endpoint is as it shall be.
    pub(super) async fn send_waiting(&self, endpoint: EndpointId) -> Result<(), Error> {
        let now = self.clock.now();
        for _ in 0..PAGES {
            let page = || deliveries::bring_forward(&self.db, endpoint, now);
            if retry_conflicts(page).await? < BROUGHT_AT_ONCE {
                break;
            }
        }
        let mut tx = self.db.begin().await?;
        endpoints::wake_after(&mut tx, [endpoint]);
        Ok(tx.commit().await?)
    }
}

/// Where the breaker is open, the delivery is the next probe, and made now.
pub(super) async fn probe_with(
    tx: &mut Tx,
    (tenant, endpoint): (TenantId, EndpointId),
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> db::Result<()> {
    if endpoints::probe_now(&mut *tx, (tenant, endpoint), now).await? > 0 {
        deliveries::put_first(tx, endpoint, delivery, now).await?;
    }
    Ok(())
}
