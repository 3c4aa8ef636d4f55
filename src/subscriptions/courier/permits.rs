use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::TenantId;

/// A tenant's requests under way are at most one in so many of those that the process may make: what its endpoints keep waiting, the
/// other tenants do not notice.
const SHARES: usize = 4;

/// How many requests may be under way.
pub struct Permits {
    all: Arc<Semaphore>,
    share: usize,
    /// Of the tenants that are served at the moment.
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
}

/// What a tenant may have of them.
#[derive(Clone)]
pub struct Share {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

/// Leave to make a request, until it is dropped.
pub struct Permit {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Permits {
    pub fn new(most: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(most)),
            share: (most / SHARES).max(1),
            tenants: Mutex::default(),
        }
    }

    pub fn of(&self, tenant: TenantId) -> Share {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let own = tenants.get(&tenant).and_then(Weak::upgrade).unwrap_or_else(|| {
            tenants.retain(|_, it| it.strong_count() > 0);
            let own = Arc::new(Semaphore::new(self.share));
            tenants.insert(tenant, Arc::downgrade(&own));
            own
        });
        let all = self.all.clone();
        Share { all, own }
    }
}

impl Share {
    /// Waits for its turn.
    pub async fn take(self) -> Permit {
        const OPEN: &str = "permits are never closed";
        let own = match self.own.clone().try_acquire_owned() {
            Ok(own) => own,
            Err(_) => {
                metrics::counter!("mainstay_delivery_shares_exhausted_total").increment(1);
                self.own.acquire_owned().await.expect(OPEN)
            }
        };
        Permit {
            _own: own,
            _all: self.all.acquire_owned().await.expect(OPEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Id;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    fn take(permits: &Permits, n: u128, count: usize) -> Vec<Permit> {
        (0..count)
            .map_while(|_| permits.of(tenant(n)).take().now_or_never())
            .collect()
    }

    #[test]
    fn a_tenant_has_a_quarter_and_all_together_no_more_than_there_are() {
        let permits = Permits::new(16);
        let first = take(&permits, 1, 16);
        assert_eq!(first.len(), 4);
        let others: Vec<Vec<Permit>> = (2..8).map(|n| take(&permits, n, 16)).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 0, 0, 0]);
        drop(first);
        assert_eq!(take(&permits, 9, 16).len(), 4, "what is given back, another may have");
    }

    #[test]
    fn a_process_that_may_make_one_request_makes_it_for_anybody() {
        let permits = Permits::new(1);
        assert_eq!(take(&permits, 1, 2).len(), 1);
        assert_eq!(take(&permits, 2, 2).len(), 1);
    }
}
