//! Semaphores with a share per owner, such as a tenant: no owner can take all permits of a process.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The part of all permits that one owner may hold: one in this many. Its waiting requests do not delay other owners.
const SHARE_DIVISOR: usize = 4;

const NEVER_CLOSED: &str = "permits are never closed";

/// A semaphore whose permits are shared among owners.
pub struct Shares<K> {
    all: Arc<Semaphore>,
    share: usize,
    /// Name of the metric that counts waits for the owner's own share.
    exhausted: &'static str,
    /// Owners that hold permits or wait for some.
    owners: Mutex<HashMap<K, Weak<OwnerPermits>>>,
}

/// The permits of one owner, and the number of its waiters.
struct OwnerPermits {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A handle to one owner's share.
#[derive(Clone)]
pub struct Share {
    all: Arc<Semaphore>,
    own: Arc<OwnerPermits>,
    exhausted: &'static str,
}

/// A permit, released when dropped.
pub struct Permit {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
    _owner: Arc<OwnerPermits>,
}

impl Permit {
    /// Merges another permit of the same owner into this one.
    pub fn merge(&mut self, other: Self) {
        self.own.merge(other.own);
        self.all.merge(other.all);
    }
}

/// Which permits are exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The owner's share.
    Share,
    /// All permits.
    Total,
}

impl<K: Eq + Hash> Shares<K> {
    /// Creates permits with the default share. `exhausted` names the metric that counts waits for the owner's own share.
    pub fn new(total: usize, exhausted: &'static str) -> Self {
        Self::with_share(total, Self::share_size(total), exhausted)
    }

    /// Creates permits with a share of this size.
    pub fn with_share(total: usize, share: usize, exhausted: &'static str) -> Self {
        Self {
            all: Arc::new(Semaphore::new(total)),
            share: share.max(1),
            exhausted,
            owners: Mutex::default(),
        }
    }

    /// Creates unlimited permits in total, with a share of this size for each owner.
    pub fn unlimited(share: usize, exhausted: &'static str) -> Self {
        Self::with_share(Semaphore::MAX_PERMITS, share, exhausted)
    }

    /// Returns the default share of a total.
    pub fn share_size(total: usize) -> usize {
        (total / SHARE_DIVISOR).max(1)
    }

    /// Returns the number of free permits in total.
    pub fn free(&self) -> usize {
        self.all.available_permits()
    }

    pub fn share(&self, owner: K) -> Share {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = owners.get(&owner).and_then(Weak::upgrade).unwrap_or_else(|| {
            owners.retain(|_, it| it.strong_count() > 0);
            let own = Arc::new(OwnerPermits {
                permits: Arc::new(Semaphore::new(self.share)),
                waiting: AtomicUsize::new(0),
            });
            owners.insert(owner, Arc::downgrade(&own));
            own
        });
        Share {
            all: self.all.clone(),
            own,
            exhausted: self.exhausted,
        }
    }
}

impl Share {
    /// Acquires permits without waiting: all of them or none.
    pub fn try_acquire(&self, count: u32) -> Result<Permit, Exhausted> {
        let own = self.own.permits.clone().try_acquire_many_owned(count);
        let own = own.map_err(|_| Exhausted::Share)?;
        let all = self.all.clone().try_acquire_many_owned(count);
        let all = all.map_err(|_| Exhausted::Total)?;
        Ok(self.permit(own, all))
    }

    /// Waits for permits. More than a share are never granted.
    pub async fn acquire_many(self, count: u32) -> Permit {
        let own = self
            .own
            .permits
            .clone()
            .acquire_many_owned(count)
            .await
            .expect(NEVER_CLOSED);
        let all = self.all.clone().acquire_many_owned(count).await.expect(NEVER_CLOSED);
        self.permit(own, all)
    }

    /// Waits for one permit.
    pub async fn acquire(self) -> Permit {
        let own = match self.own.permits.clone().try_acquire_owned() {
            Ok(own) => own,
            Err(_) => {
                metrics::counter!(self.exhausted).increment(1);
                self.own.permits.clone().acquire_owned().await.expect(NEVER_CLOSED)
            }
        };
        let all = self.all.clone().acquire_owned().await.expect(NEVER_CLOSED);
        self.permit(own, all)
    }

    fn permit(&self, own: OwnedSemaphorePermit, all: OwnedSemaphorePermit) -> Permit {
        let _owner = self.own.clone();
        Permit { own, all, _owner }
    }

    /// Waits for one permit, unless this many of the owner's requests already wait.
    pub async fn acquire_unless_waiting(self, max_waiting: usize) -> Option<Permit> {
        let own = self.own.clone();
        let _waiting = WaitingGuard::new(&own, max_waiting)?;
        Some(self.acquire().await)
    }
}

/// Counts a waiter until it is dropped.
struct WaitingGuard<'a>(&'a OwnerPermits);

impl<'a> WaitingGuard<'a> {
    /// Returns `None` if the limit is reached.
    fn new(own: &'a OwnerPermits, max: usize) -> Option<Self> {
        let waiting = Self(own);
        (own.waiting.fetch_add(1, Ordering::Relaxed) < max).then_some(waiting)
    }
}

impl Drop for WaitingGuard<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn take(shares: &Shares<u8>, owner: u8, count: usize) -> Vec<Permit> {
        (0..count)
            .map_while(|_| shares.share(owner).acquire().now_or_never())
            .collect()
    }

    #[test]
    fn an_owner_has_a_quarter_and_all_owners_the_total() {
        let shares = Shares::new(16, "exhausted");
        let first = take(&shares, 1, 16);
        assert_eq!(first.len(), 4);
        let others: Vec<Vec<Permit>> = (2..8).map(|n| take(&shares, n, 16)).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 0, 0, 0]);
        drop(first);
        assert_eq!(take(&shares, 9, 16).len(), 4, "what is given back, another may have");
    }

    #[test]
    fn several_permits_are_acquired_and_released_together() {
        let shares = Shares::new(16, "exhausted");
        let one = shares.share(1);
        let mut held = one.try_acquire(3).unwrap();
        assert_eq!(one.try_acquire(2).err(), Some(Exhausted::Share));
        held.merge(one.try_acquire(1).unwrap());
        let others: Vec<Permit> = (2..5).map(|n| shares.share(n).try_acquire(4).unwrap()).collect();
        assert_eq!(shares.share(9).try_acquire(1).err(), Some(Exhausted::Total));
        assert_eq!(shares.share(9).try_acquire(0).err(), None);
        drop(held);
        assert_eq!((shares.free(), one.try_acquire(4).is_ok()), (4, true));
        drop(others);
        assert_eq!(shares.free(), 16);
    }

    #[test]
    fn the_waiters_of_an_owner_are_limited() {
        let shares = Shares::with_share(4, 2, "exhausted");
        let taken = take(&shares, 1, 4);
        assert_eq!(taken.len(), 2);
        let mut waiting: Vec<_> = (0..3)
            .map(|_| Box::pin(shares.share(1).acquire_unless_waiting(3)))
            .collect();
        for it in &mut waiting {
            assert!(it.as_mut().now_or_never().is_none(), "it waits");
        }
        assert!(
            matches!(shares.share(1).acquire_unless_waiting(3).now_or_never(), Some(None)),
            "too many wait"
        );
        assert!(
            matches!(shares.share(2).acquire_unless_waiting(3).now_or_never(), Some(Some(_))),
            "another's wait apart"
        );
        drop(waiting.pop());
        assert!(
            shares.share(1).acquire_unless_waiting(3).now_or_never().is_none(),
            "who gives up waiting makes room"
        );
        drop(taken);
        assert!(
            matches!(waiting.remove(0).now_or_never(), Some(Some(_))),
            "the first first"
        );
    }

    #[test]
    fn a_single_permit_may_go_to_any_owner() {
        let shares = Shares::new(1, "exhausted");
        assert_eq!(take(&shares, 1, 2).len(), 1);
        assert_eq!(take(&shares, 2, 2).len(), 1);
    }
}
