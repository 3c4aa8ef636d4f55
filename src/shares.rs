//! What a process has so many of at a time, e.g. requests under way, and of which nobody may take all.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one may have at a time is one in so many of what there is: whatever a tenant keeps waiting, the others do not notice.
const SHARES: usize = 4;

const OPEN: &str = "permits are never closed";

/// So many permits, and whoever asks for them may have a share.
pub struct Shares<K> {
    all: Arc<Semaphore>,
    share: usize,
    /// Counts how often somebody had to wait for a permit of their own.
    exhausted: &'static str,
    /// Of those who have permits or wait for some.
    owners: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// What one may have of them.
#[derive(Clone)]
pub struct Share {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
    exhausted: &'static str,
}

/// Leave to do something, until it is dropped.
pub struct Permit {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Permit {
    /// Adds another permit of the same owner.
    pub fn merge(&mut self, other: Self) {
        self.own.merge(other.own);
        self.all.merge(other.all);
    }
}

/// Why there are not so many permits at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The owner's share.
    Own,
    /// All there are.
    All,
}

impl<K: Eq + Hash> Shares<K> {
    /// `exhausted` is the metric that counts those who had to wait for what they have themselves.
    pub fn new(most: usize, exhausted: &'static str) -> Self {
        Self {
            all: Arc::new(Semaphore::new(most)),
            share: Self::share_of(most),
            exhausted,
            owners: Mutex::default(),
        }
    }

    /// As many as anybody asks for, of which each owner may have a share.
    pub fn unlimited(share: usize, exhausted: &'static str) -> Self {
        Self {
            share,
            ..Self::new(Semaphore::MAX_PERMITS, exhausted)
        }
    }

    /// What one of them may have, of so many.
    pub fn share_of(most: usize) -> usize {
        (most / SHARES).max(1)
    }

    /// How many are free, whoever asks.
    pub fn free(&self) -> usize {
        self.all.available_permits()
    }

    pub fn of(&self, owner: K) -> Share {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = owners.get(&owner).and_then(Weak::upgrade).unwrap_or_else(|| {
            owners.retain(|_, it| it.strong_count() > 0);
            let own = Arc::new(Semaphore::new(self.share));
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
    /// Takes so many, or none if not all are free.
    pub fn try_take(&self, count: u32) -> Result<Permit, Exhausted> {
        let own = self.own.clone().try_acquire_many_owned(count);
        let own = own.map_err(|_| Exhausted::Own)?;
        let all = self.all.clone().try_acquire_many_owned(count);
        let all = all.map_err(|_| Exhausted::All)?;
        Ok(Permit { own, all })
    }

    /// Waits for so many. More than a share never come.
    pub async fn take_many(self, count: u32) -> Permit {
        Permit {
            own: self.own.acquire_many_owned(count).await.expect(OPEN),
            all: self.all.acquire_many_owned(count).await.expect(OPEN),
        }
    }

    /// Waits for its turn.
    pub async fn take(self) -> Permit {
        let own = match self.own.clone().try_acquire_owned() {
            Ok(own) => own,
            Err(_) => {
                metrics::counter!(self.exhausted).increment(1);
                self.own.acquire_owned().await.expect(OPEN)
            }
        };
        Permit {
            own,
            all: self.all.acquire_owned().await.expect(OPEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn take(shares: &Shares<u8>, owner: u8, count: usize) -> Vec<Permit> {
        (0..count)
            .map_while(|_| shares.of(owner).take().now_or_never())
            .collect()
    }

    #[test]
    fn one_has_a_quarter_and_all_together_no_more_than_there_are() {
        let shares = Shares::new(16, "exhausted");
        let first = take(&shares, 1, 16);
        assert_eq!(first.len(), 4);
        let others: Vec<Vec<Permit>> = (2..8).map(|n| take(&shares, n, 16)).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 0, 0, 0]);
        drop(first);
        assert_eq!(take(&shares, 9, 16).len(), 4, "what is given back, another may have");
    }

    #[test]
    fn several_are_taken_whole_or_not_at_all_and_given_back_together() {
        let shares = Shares::new(16, "exhausted");
        let one = shares.of(1);
        let mut held = one.try_take(3).unwrap();
        assert_eq!(one.try_take(2).err(), Some(Exhausted::Own));
        held.merge(one.try_take(1).unwrap());
        let others: Vec<Permit> = (2..5).map(|n| shares.of(n).try_take(4).unwrap()).collect();
        assert_eq!(shares.of(9).try_take(1).err(), Some(Exhausted::All));
        assert_eq!(shares.of(9).try_take(0).err(), None);
        drop(held);
        assert_eq!((shares.free(), one.try_take(4).is_ok()), (4, true));
        drop(others);
        assert_eq!(shares.free(), 16);
    }

    #[test]
    fn where_there_is_one_anybody_may_have_it() {
        let shares = Shares::new(1, "exhausted");
        assert_eq!(take(&shares, 1, 2).len(), 1);
        assert_eq!(take(&shares, 2, 2).len(), 1);
    }
}
