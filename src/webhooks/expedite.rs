//! Deliveries that a person sends at once.

use chrono::{DateTime, Utc};

use super::{Error, WebhookService};
use crate::{
    db::{self, Tx, retry_conflicts},
    domain::{DeliveryId, EndpointId},
    webhooks::store::{
        deliveries::{self, FORWARDED_AT_ONCE},
        endpoints::{self, EndpointKey},
    },
};

/// Maximum number of statements in one call: deliveries beyond a hundred thousand are retried when they are due.
const MAX_PAGES: usize = 100;

impl WebhookService {
    /// Makes an endpoint's waiting deliveries due now; called after the endpoint was changed.
    pub(super) async fn expedite_deliveries(&self, endpoint: EndpointId) -> Result<(), Error> {
        let now = self.clock.now();
        for _ in 0..MAX_PAGES {
            let page = || deliveries::bring_forward(&self.db, endpoint, now);
            if retry_conflicts(page).await? < FORWARDED_AT_ONCE {
                break;
            }
        }
        let mut tx = self.db.begin().await?;
        endpoints::wake_after_commit(&mut tx, [endpoint]);
        Ok(tx.commit().await?)
    }
}

/// Makes the delivery the next probe, sent now, if the breaker is open.
pub(super) async fn probe_with(
    tx: &mut Tx,
    endpoint: EndpointKey,
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> db::Result<()> {
    if endpoints::probe_now(tx.on(), endpoint, now).await? > 0 {
        deliveries::move_to_front(tx, endpoint.id, delivery, now).await?;
    }
    Ok(())
}
