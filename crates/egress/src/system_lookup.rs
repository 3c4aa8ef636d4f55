//! Name resolution by the system, with a share of the threads for each tenant.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{FutureExt, future::Shared};
use tokio::sync::oneshot;

use super::Lookup;
use mainstay_core::{
    domain::TenantId,
    shares::{Permit, Shares},
};

/// Maximum number of concurrent lookups. Each takes one of the 512 blocking threads, which file access needs too. A tenant has a share of
/// them.
const MAX_LOOKUPS: usize = 128;

tokio::task_local! {
    static TENANT: TenantId;
}

/// Runs work on behalf of a tenant: its lookups take threads of the tenant's share. Lookups outside of it have a share of their own.
pub fn for_tenant<F: Future>(tenant: TenantId, work: F) -> impl Future<Output = F::Output> {
    TENANT.scope(tenant, work)
}

/// Returns the system's resolver. It waits for half a minute where no server answers, even after the caller gave up, and cannot be stopped.
/// So concurrent lookups of a name share one, and a dead name occupies one thread however often it is tried.
pub fn system() -> Lookup {
    shared_lookups(MAX_LOOKUPS, |name| Ok((name, 0).to_socket_addrs()?.collect()))
}

type LookupResult = Result<Vec<SocketAddr>, Arc<io::Error>>;
type SharedLookup = Shared<oneshot::Receiver<LookupResult>>;
type InProgress = Arc<Mutex<HashMap<String, SharedLookup>>>;

pub(super) fn shared_lookups(
    max: usize,
    ask: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
) -> Lookup {
    let threads = Shares::new(max, "mainstay_egress_lookup_shares_exhausted_total");
    let (ask, in_progress) = (Arc::new(ask), InProgress::default());
    Arc::new(move |name| {
        // Read here, because the future may be polled in another task.
        let share = threads.share(TENANT.try_with(|tenant| *tenant).ok());
        let (ask, in_progress) = (ask.clone(), in_progress.clone());
        Box::pin(async move {
            let known = lock(&in_progress).get(&name).cloned();
            let answer = match known {
                Some(answer) => answer,
                None => {
                    let thread = share.acquire().await;
                    let answer = lock(&in_progress).get(&name).cloned();
                    answer.unwrap_or_else(|| start_lookup(name, ask, in_progress, thread))
                }
            };
            let found = answer.await.map_err(io::Error::other)?;
            found.map_err(|error| io::Error::new(error.kind(), error))
        })
    })
}

/// Starts a lookup. Two concurrent calls for one name both look it up, which is harmless.
fn start_lookup<A>(name: String, ask: Arc<A>, in_progress: InProgress, thread: Permit) -> SharedLookup
where
    A: Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
{
    let (sender, answer) = oneshot::channel();
    let answer = answer.shared();
    lock(&in_progress).insert(name.clone(), answer.clone());
    let lookups = metrics::gauge!("mainstay_egress_lookups");
    lookups.increment(1.0);
    tokio::task::spawn_blocking(move || {
        let found = ask(&name).map_err(Arc::new);
        lock(&in_progress).remove(&name);
        lookups.decrement(1.0);
        // The receivers may be gone.
        let _ = sender.send(found);
        drop(thread);
    });
    answer
}

fn lock(in_progress: &InProgress) -> MutexGuard<'_, HashMap<String, SharedLookup>> {
    in_progress.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn concurrent_lookups_of_a_name_are_shared_and_later_ones_are_not() {
        let asked = Arc::new(AtomicUsize::new(0));
        let (open, gate) = mpsc::channel::<()>();
        let (count, gate) = (asked.clone(), Mutex::new(gate));
        let lookup = shared_lookups(MAX_LOOKUPS, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            // Blocks until the sender is dropped.
            assert!(gate.lock().unwrap().recv().is_err());
            Ok(vec![([192, 0, 2, 1], 0).into()])
        });
        let slow = || lookup("slow.example".to_owned());
        // A cancelled lookup leaves its thread behind; later ones join it.
        for _ in 0..2 * MAX_LOOKUPS {
            let gave_up = tokio::time::timeout(Duration::from_millis(1), slow()).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let (first, second) = (slow(), slow());
        let both = async { tokio::join!(first, second) };
        let mut both = std::pin::pin!(both);
        assert!(futures::poll!(&mut both).is_pending());
        drop(open);
        let (first, second) = both.await;
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        slow().await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn concurrent_lookups_are_limited() {
        let (max, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen, two) = (max.clone(), Barrier::new(2));
        let lookup = shared_lookups(8, move |_| {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(now, Ordering::SeqCst);
            two.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(Vec::new())
        });
        let all = (0..20).map(|n| lookup(format!("{n}.example")));
        assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        assert_eq!(max.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_error_is_returned_to_every_caller_of_a_shared_lookup() {
        let lookup = shared_lookups(MAX_LOOKUPS, |_| {
            Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
        });
        let (first, second) = tokio::join!(lookup("a.example".to_owned()), lookup("a.example".to_owned()));
        for error in [first.unwrap_err(), second.unwrap_err()] {
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (io::ErrorKind::NotFound, "no such name")
            );
        }
    }
}
