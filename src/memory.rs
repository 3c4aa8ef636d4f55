//! The memory that requests take: one budget of bytes for the process, of which a tenant has a quarter. Bytes are charged as they arrive, and
//! what a body is unpacked into is charged before it is unpacked. Nobody waits for memory while holding some: what does not
//! fit is refused.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt};

use crate::{
    domain::TenantId,
    shares::{Exhausted, Permit, Share, Shares},
};

/// What of a file's stream is held at most before it is with the store: a part that is being filled, and two on their way
/// (`storage::Writer`).
const STREAM: usize = 15 * 1024 * 1024;

/// Bytes that requests may hold at a time, in one process. Requests without a tenant, such as the operator's, have one share together.
pub struct MemoryBudget {
    shares: Shares<Option<TenantId>>,
    share: usize,
    /// Bytes of long bodies that were announced. A tenant's take half of its share at most, so that those which are read come to their end,
    /// and have room to be unpacked.
    announced: Shares<Option<TenantId>>,
}

impl MemoryBudget {
    pub fn new(bytes: usize) -> Self {
        const WAITS: &str = "mainstay_request_bytes_waits_total";
        let share = Shares::<Option<TenantId>>::share_of(bytes);
        Self {
            shares: Shares::new(bytes, WAITS),
            share,
            announced: Shares::unlimited(share / 2, WAITS),
        }
    }

    /// Bytes that nobody holds.
    pub fn free(&self) -> usize {
        self.shares.free()
    }
}

/// What one request holds of the budget, until it is answered. Clones are the same request's.
#[derive(Clone)]
pub struct RequestMemory(Arc<Account>);

struct Account {
    budget: Arc<MemoryBudget>,
    tenant: OnceLock<TenantId>,
    share: OnceLock<Share>,
    held: Mutex<Option<Permit>>,
    /// Among the tenant's long bodies.
    place: Mutex<Option<Permit>>,
}

/// Bytes that are held until this is dropped.
pub type Reservation = Permit;

impl RequestMemory {
    pub fn new(budget: Arc<MemoryBudget>) -> Self {
        Self(Arc::new(Account {
            budget,
            tenant: OnceLock::new(),
            share: OnceLock::new(),
            held: Mutex::default(),
            place: Mutex::default(),
        }))
    }

    /// Says whose share is charged: to be called before anything is.
    pub fn belongs_to(&self, tenant: TenantId) {
        // A request has one key, so a second call says the same.
        let _ = self.0.tenant.set(tenant);
    }

    /// The longest body there is room for, in bytes: half a share.
    pub fn longest(&self) -> usize {
        self.0.budget.share / 2
    }

    /// Waits for a long body's place, before any of it is read, and keeps it until the request is answered. Nothing is charged: who announces
    /// much may send nothing.
    ///
    /// # Errors
    /// When for so long the tenant's long bodies under way have half of its share together.
    pub async fn announce(&self, bytes: usize, patience: Duration) -> Result<(), NoRoom> {
        let account = &*self.0;
        let share = account.budget.announced.of(account.tenant.get().copied());
        let place = share.take_many(u32::try_from(bytes).unwrap_or(u32::MAX));
        let place = tokio::time::timeout(patience, place).await;
        let place = place.map_err(|_| NoRoom::new(Exhausted::Own, account.budget.share / 2))?;
        *account.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(())
    }

    /// Charges bytes until the request is answered.
    ///
    /// # Errors
    /// While the share of the tenant or the budget of the process is used up.
    pub fn charge(&self, bytes: usize) -> Result<(), NoRoom> {
        let permit = self.reserve(bytes)?;
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.merge(permit),
            None => *held = Some(permit),
        }
        Ok(())
    }

    /// Charges bytes until the reservation is dropped.
    ///
    /// # Errors
    /// As [`RequestMemory::charge`].
    pub fn reserve(&self, bytes: usize) -> Result<Reservation, NoRoom> {
        let account = &*self.0;
        let share = account
            .share
            .get_or_init(|| account.budget.shares.of(account.tenant.get().copied()));
        share
            .try_take(u32::try_from(bytes).unwrap_or(u32::MAX))
            .map_err(|exhausted| NoRoom::new(exhausted, account.budget.share))
    }

    /// Charges the bytes of a stream as they come, as far as its reader may hold them at a time. A stream that finds no room ends with an
    /// error.
    pub fn charged<E: std::fmt::Display>(
        &self,
        pieces: impl Stream<Item = Result<Bytes, E>>,
    ) -> impl Stream<Item = Result<Bytes, Uncharged<E>>> {
        let memory = self.clone();
        let mut left = STREAM;
        pieces.map(move |piece| {
            let piece = piece.map_err(Uncharged::Source)?;
            let more = piece.len().min(left);
            memory.charge(more).map_err(Uncharged::NoRoom)?;
            left -= more;
            Ok(piece)
        })
    }
}

/// Why a charged stream ended early.
#[derive(Debug, thiserror::Error)]
pub enum Uncharged<E> {
    #[error("{0}")]
    Source(E),
    #[error(transparent)]
    NoRoom(NoRoom),
}

/// Why nothing more is charged just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    #[error(
        "your requests under way hold {share} bytes together, which is all that one tenant may have at a time: send fewer at once, or \
         smaller ones, and this one again"
    )]
    Share { share: usize },
    #[error("the requests under way hold all the memory there is for requests: send this one again")]
    Budget,
}

impl NoRoom {
    fn new(exhausted: Exhausted, share: usize) -> Self {
        let (refusal, of) = match exhausted {
            Exhausted::Own => (Self::Share { share }, "tenant"),
            Exhausted::All => (Self::Budget, "process"),
        };
        metrics::counter!("mainstay_requests_shed_total", "of" => of).increment(1);
        refusal
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn request(budget: &Arc<MemoryBudget>, tenant: Option<TenantId>) -> RequestMemory {
        let request = RequestMemory::new(budget.clone());
        if let Some(tenant) = tenant {
            request.belongs_to(tenant);
        }
        request
    }

    #[tokio::test]
    async fn long_bodies_of_a_tenant_have_half_its_share_and_hold_nothing_before_they_come() {
        let clock = crate::clock::Clock::default();
        let budget = Arc::new(MemoryBudget::new(8_000));
        let (one, two): (TenantId, TenantId) = (clock.new_id(), clock.new_id());
        let announce = async |tenant, bytes| {
            let request = request(&budget, Some(tenant));
            request
                .announce(bytes, Duration::from_millis(1))
                .await
                .map(|()| request)
        };
        let place = announce(one, 700).await.unwrap();
        assert_eq!((budget.free(), request(&budget, None).longest()), (8_000, 1_000));
        assert_eq!(announce(one, 301).await.err(), Some(NoRoom::Share { share: 1_000 }));
        let mut others = Vec::new();
        for _ in 0..20 {
            others.push(announce(clock.new_id(), 1_000).await.unwrap());
        }
        assert!(announce(two, 1_000).await.is_ok(), "whatever others announce");
        let waiting = request(&budget, Some(one));
        let waiting = waiting.announce(1_000, Duration::from_secs(30));
        let (waited, ()) = tokio::join!(waiting, async { drop(place) });
        assert!(waited.is_ok());
    }

    #[test]
    fn a_tenant_has_a_quarter_and_gives_it_back_with_the_answer() {
        let clock = crate::clock::Clock::default();
        let budget = Arc::new(MemoryBudget::new(4_000));
        let (one, two): (TenantId, TenantId) = (clock.new_id(), clock.new_id());
        let (first, second) = (request(&budget, Some(one)), request(&budget, Some(one)));
        first.charge(600).unwrap();
        first.charge(200).unwrap();
        assert_eq!(second.charge(201), Err(NoRoom::Share { share: 1_000 }));
        second.charge(200).unwrap();
        request(&budget, Some(two)).charge(1_000).unwrap();
        request(&budget, None).charge(1_000).unwrap();
        drop(first);
        assert_eq!(budget.free(), 3_800);
        request(&budget, None).charge(1_000).unwrap();
        drop(second.reserve(800).unwrap());
        assert!(second.charge(800).is_ok());
    }

    #[tokio::test]
    async fn a_stream_is_charged_as_it_comes_and_no_more_than_is_held_of_it() {
        let budget = Arc::new(MemoryBudget::new(STREAM * 4));
        let memory = request(&budget, None);
        let pieces = (0..40).map(|_| Ok::<_, Infallible>(Bytes::from(vec![0; 1_000_000])));
        let mut stream = std::pin::pin!(memory.charged(futures::stream::iter(pieces)));
        assert!(matches!(stream.next().await, Some(Ok(_))));
        assert_eq!(budget.free(), STREAM * 4 - 1_000_000);
        while let Some(piece) = stream.next().await {
            assert!(piece.is_ok());
        }
        assert_eq!(budget.free(), STREAM * 3);
        let piece = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"x"))]);
        let other = request(&budget, None);
        let mut stream = std::pin::pin!(other.charged(piece));
        assert!(matches!(stream.next().await, Some(Err(Uncharged::NoRoom(_)))));
    }
}
