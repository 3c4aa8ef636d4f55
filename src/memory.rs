//! Memory of requests: a budget of bytes for the process, of which a tenant has a quarter. Bytes are charged as they arrive; the size of a
//! decoded body is charged before it is decoded. No request waits for memory while holding some: what does not fit is rejected.

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

/// Maximum bytes of an upload stream held in memory: a part being filled, and two in flight to the store (`storage::FileWriter`).
const MAX_BUFFERED: usize = 15 * 1024 * 1024;

/// The bytes that the requests of one process may hold. Requests without a tenant, such as the operator's, have one share together.
pub struct MemoryBudget {
    shares: Shares<Option<TenantId>>,
    share: usize,
    /// Permits for announced long bodies, in bytes. A tenant's take half of its share at most, so that bodies being read can be completed
    /// and decoded.
    body_permits: Shares<Option<TenantId>>,
}

impl MemoryBudget {
    pub fn new(bytes: usize) -> Self {
        const WAITS_METRIC: &str = "mainstay_request_bytes_waits_total";
        let share = Shares::<Option<TenantId>>::share_size(bytes);
        Self {
            shares: Shares::new(bytes, WAITS_METRIC),
            share,
            body_permits: Shares::unlimited(share / 2, WAITS_METRIC),
        }
    }

    /// Returns the number of free bytes.
    pub fn free(&self) -> usize {
        self.shares.free()
    }
}

/// The part of the budget held by one request until it is answered. Clones belong to the same request.
#[derive(Clone)]
pub struct RequestMemory(Arc<Account>);

struct Account {
    budget: Arc<MemoryBudget>,
    tenant: OnceLock<TenantId>,
    share: OnceLock<Share>,
    held: Mutex<Option<Permit>>,
    /// The permit for an announced long body.
    body_permit: Mutex<Option<Permit>>,
}

/// Bytes held until this is dropped.
pub(crate) type Reservation = Permit;

impl RequestMemory {
    pub(crate) fn new(budget: Arc<MemoryBudget>) -> Self {
        Self(Arc::new(Account {
            budget,
            tenant: OnceLock::new(),
            share: OnceLock::new(),
            held: Mutex::default(),
            body_permit: Mutex::default(),
        }))
    }

    /// Sets the tenant whose share is charged. Must be called before anything is charged.
    pub(crate) fn set_tenant(&self, tenant: TenantId) {
        // A request has one key, so a second call sets the same tenant.
        let _ = self.0.tenant.set(tenant);
    }

    /// Returns the maximum size of a body, in bytes: half a share.
    pub fn max_body_bytes(&self) -> usize {
        self.0.budget.share / 2
    }

    /// Waits for a permit for a long body before any of it is read, and keeps it until the request is answered. Nothing is charged, because
    /// the announced bytes may never come.
    ///
    /// # Errors
    /// If the tenant's long bodies hold half of its share together for the whole timeout.
    pub(crate) async fn reserve_body(&self, bytes: usize, timeout: Duration) -> Result<(), MemoryExhausted> {
        let account = &*self.0;
        let share = account.budget.body_permits.share(account.tenant.get().copied());
        let body_permit = share.acquire_many(u32::try_from(bytes).unwrap_or(u32::MAX));
        let body_permit = tokio::time::timeout(timeout, body_permit).await;
        let body_permit = body_permit.map_err(|_| MemoryExhausted::new(Exhausted::Share, account.budget.share / 2))?;
        *account.body_permit.lock().unwrap_or_else(PoisonError::into_inner) = Some(body_permit);
        Ok(())
    }

    /// Charges bytes until the request is answered.
    ///
    /// # Errors
    /// If the tenant's share or the budget of the process is exhausted.
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), MemoryExhausted> {
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
    /// See [`RequestMemory::charge`].
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reservation, MemoryExhausted> {
        let account = &*self.0;
        let share = account
            .share
            .get_or_init(|| account.budget.shares.share(account.tenant.get().copied()));
        share
            .try_acquire(u32::try_from(bytes).unwrap_or(u32::MAX))
            .map_err(|exhausted| MemoryExhausted::new(exhausted, account.budget.share))
    }

    /// Charges the bytes of a stream as they arrive, up to the number that its reader holds at a time. Without room the stream ends with an
    /// error.
    pub(crate) fn charge_stream<E: std::fmt::Display>(
        &self,
        pieces: impl Stream<Item = Result<Bytes, E>>,
    ) -> impl Stream<Item = Result<Bytes, ChargedStreamError<E>>> {
        let memory = self.clone();
        let mut left = MAX_BUFFERED;
        pieces.map(move |piece| {
            let piece = piece.map_err(ChargedStreamError::Source)?;
            let more = piece.len().min(left);
            memory.charge(more).map_err(ChargedStreamError::MemoryExhausted)?;
            left -= more;
            Ok(piece)
        })
    }
}

/// The error of a charged stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChargedStreamError<E> {
    #[error("{0}")]
    Source(E),
    #[error(transparent)]
    MemoryExhausted(MemoryExhausted),
}

/// The memory for requests is exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryExhausted {
    #[error(
        "your concurrent requests hold {share} bytes, the maximum per tenant: send fewer or smaller requests at once, \
         and retry this one"
    )]
    Share { share: usize },
    #[error("the memory for requests is exhausted: retry this request")]
    Budget,
}

impl MemoryExhausted {
    fn new(exhausted: Exhausted, share: usize) -> Self {
        let (refusal, of) = match exhausted {
            Exhausted::Share => (Self::Share { share }, "tenant"),
            Exhausted::Total => (Self::Budget, "process"),
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
            request.set_tenant(tenant);
        }
        request
    }

    #[tokio::test]
    async fn long_bodies_of_a_tenant_have_half_its_share_and_hold_nothing_before_they_come() {
        let clock = crate::clock::Clock::default();
        let budget = Arc::new(MemoryBudget::new(8_000));
        let (one, two): (TenantId, TenantId) = (clock.new_id(), clock.new_id());
        let reserve_body = async |tenant, bytes| {
            let request = request(&budget, Some(tenant));
            request
                .reserve_body(bytes, Duration::from_millis(1))
                .await
                .map(|()| request)
        };
        let body_permit = reserve_body(one, 700).await.unwrap();
        assert_eq!((budget.free(), request(&budget, None).max_body_bytes()), (8_000, 1_000));
        assert_eq!(
            reserve_body(one, 301).await.err(),
            Some(MemoryExhausted::Share { share: 1_000 })
        );
        let mut others = Vec::new();
        for _ in 0..20 {
            others.push(reserve_body(clock.new_id(), 1_000).await.unwrap());
        }
        assert!(reserve_body(two, 1_000).await.is_ok(), "whatever others reserve");
        let waiting = request(&budget, Some(one));
        let waiting = waiting.reserve_body(1_000, Duration::from_secs(30));
        let (waited, ()) = tokio::join!(waiting, async { drop(body_permit) });
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
        assert_eq!(second.charge(201), Err(MemoryExhausted::Share { share: 1_000 }));
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
        let budget = Arc::new(MemoryBudget::new(MAX_BUFFERED * 4));
        let memory = request(&budget, None);
        let pieces = (0..40).map(|_| Ok::<_, Infallible>(Bytes::from(vec![0; 1_000_000])));
        let mut stream = std::pin::pin!(memory.charge_stream(futures::stream::iter(pieces)));
        assert!(matches!(stream.next().await, Some(Ok(_))));
        assert_eq!(budget.free(), MAX_BUFFERED * 4 - 1_000_000);
        while let Some(piece) = stream.next().await {
            assert!(piece.is_ok());
        }
        assert_eq!(budget.free(), MAX_BUFFERED * 3);
        let piece = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"x"))]);
        let other = request(&budget, None);
        let mut stream = std::pin::pin!(other.charge_stream(piece));
        assert!(matches!(
            stream.next().await,
            Some(Err(ChargedStreamError::MemoryExhausted(_)))
        ));
    }
}
