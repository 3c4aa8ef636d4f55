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
use crate::{
    domain::TenantId,
    shares::{Permit, Shares},
};

/// Names asked for at once. The machine's resolver takes a thread for each, of the 512 that files need too. A tenant has a share of them.
const MOST: usize = 128;

tokio::task_local! {
    static WHOSE: TenantId;
}

/// Makes requests for a tenant: the names that are asked for meanwhile take their threads from the tenant's share. What nobody is named
/// for has a share of its own.
pub fn on_behalf<F: Future>(tenant: TenantId, work: F) -> impl Future<Output = F::Output> {
    WHOSE.scope(tenant, work)
}

/// The machine's own resolver. It waits for half a minute where nobody answers, whoever asked has long given up, and nothing can stop it: so
/// those who ask for a name that is being asked for wait for that answer, and a dead name costs one thread however often it is tried.
pub fn system() -> Lookup {
    asking(MOST, |name| Ok((name, 0).to_socket_addrs()?.collect()))
}

type Found = Result<Vec<SocketAddr>, Arc<io::Error>>;
type Answer = Shared<oneshot::Receiver<Found>>;
type Underway = Arc<Mutex<HashMap<String, Answer>>>;

pub(super) fn asking(most: usize, ask: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Lookup {
    let threads = Shares::new(most, "mainstay_outside_lookup_shares_exhausted_total");
    let (ask, underway) = (Arc::new(ask), Underway::default());
    Arc::new(move |name| {
        // Here and not in what follows, which may be polled by somebody else.
        let share = threads.of(WHOSE.try_with(|tenant| *tenant).ok());
        let (ask, underway) = (ask.clone(), underway.clone());
        Box::pin(async move {
            let asked = lock(&underway).get(&name).cloned();
            let answer = match asked {
                Some(answer) => answer,
                None => {
                    let thread = share.take().await;
                    let answer = lock(&underway).get(&name).cloned();
                    answer.unwrap_or_else(|| begin(name, ask, underway, thread))
                }
            };
            let found = answer.await.map_err(io::Error::other)?;
            found.map_err(|error| io::Error::new(error.kind(), error))
        })
    })
}

/// Two that come here at the same moment for the same name both ask, which does no harm.
fn begin<A>(name: String, ask: Arc<A>, underway: Underway, thread: Permit) -> Answer
where
    A: Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
{
    let (tell, answer) = oneshot::channel();
    let answer = answer.shared();
    lock(&underway).insert(name.clone(), answer.clone());
    let lookups = metrics::gauge!("mainstay_outside_lookups");
    lookups.increment(1.0);
    tokio::task::spawn_blocking(move || {
        let found = ask(&name).map_err(Arc::new);
        lock(&underway).remove(&name);
        lookups.decrement(1.0);
        // Perhaps nobody waits any more.
        let _ = tell.send(found);
        drop(thread);
    });
    answer
}

fn lock(underway: &Underway) -> MutexGuard<'_, HashMap<String, Answer>> {
    underway.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn a_name_that_is_being_asked_for_is_not_asked_for_again_and_afterwards_it_is() {
        let asked = Arc::new(AtomicUsize::new(0));
        let (open, gate) = mpsc::channel::<()>();
        let (count, gate) = (asked.clone(), Mutex::new(gate));
        let lookup = asking(MOST, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            // Until it is opened for good.
            assert!(gate.lock().unwrap().recv().is_err());
            Ok(vec![([192, 0, 2, 1], 0).into()])
        });
        let slow = || lookup("slow.example".to_owned());
        // Whoever gives up leaves the thread behind; those who come later join it.
        for _ in 0..2 * MOST {
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
    async fn no_more_names_are_asked_for_at_once_than_there_are_threads_for_it() {
        let (most, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen, two) = (most.clone(), Barrier::new(2));
        let lookup = asking(8, move |_| {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(now, Ordering::SeqCst);
            two.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(Vec::new())
        });
        let all = (0..20).map(|n| lookup(format!("{n}.example")));
        assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_to_everybody_who_asked() {
        let lookup = asking(MOST, |_| Err(io::Error::new(io::ErrorKind::NotFound, "no such name")));
        let (first, second) = tokio::join!(lookup("a.example".to_owned()), lookup("a.example".to_owned()));
        for error in [first.unwrap_err(), second.unwrap_err()] {
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (io::ErrorKind::NotFound, "no such name")
            );
        }
    }
}
