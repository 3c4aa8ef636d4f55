//! The driver in the memory of a process that has its database to itself.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use uuid::Uuid;

use super::{CHUNK, Depth, DriverEntry, FetchedIds, InFlightPolicy, Pushed};
use crate::{Lane, Queue};

/// Queues in memory, by name.
#[derive(Default)]
pub(crate) struct MemoryDriver {
    queues: Mutex<HashMap<&'static str, MemoryQueue>>,
}

#[derive(Default)]
struct MemoryQueue {
    lanes: [BTreeSet<(i64, Uuid)>; 3],
    due: HashMap<Uuid, (Lane, i64)>,
    in_flight: HashMap<Uuid, Instant>,
    deadlines: BTreeSet<(Instant, Uuid)>,
    /// Ids in flight that are queued again once settled: due time and lane.
    run_again: HashMap<Uuid, (i64, Lane)>,
    leader: Option<(String, Instant)>,
    wakeup: Arc<Notify>,
}

impl MemoryDriver {
    pub fn push(&self, queue: &Queue, lane: Lane, ids: &[(Uuid, i64)], limit: usize, policy: InFlightPolicy) -> Pushed {
        self.with_queue(queue, |queue_state| {
            let mut pushed = Pushed::default();
            let mut overflow = Vec::new();
            for &(id, due) in ids {
                if queue_state.in_flight.contains_key(&id) {
                    if policy == InFlightPolicy::RunAgain {
                        let run_again = queue_state.run_again.entry(id).or_insert((due, lane));
                        run_again.0 = run_again.0.min(due);
                    }
                } else if !queue_state.due.contains_key(&id) && queue_state.lanes[lane.index()].len() >= limit {
                    overflow.push((due, id));
                } else if queue_state.insert((id, due, lane)) {
                    pushed.new += 1;
                }
            }
            overflow.sort_unstable();
            pushed.dropped = overflow.len();
            for (due, id) in overflow {
                if queue_state.displace(lane, due) && queue_state.insert((id, due, lane)) {
                    pushed.new += 1;
                }
            }
            pushed.depth = queue_state.lanes[lane.index()].len();
            if !ids.is_empty() {
                queue_state.wakeup.notify_one();
            }
            pushed
        })
    }

    pub fn fetch(&self, queue: &Queue, now_ms: i64, max: usize, lease: Duration) -> FetchedIds {
        self.with_queue(queue, |queue_state| {
            let now = Instant::now();
            let mut taken = FetchedIds::default();
            while taken.lost.len() < CHUNK
                && let Some(&(deadline, id)) = queue_state.deadlines.first()
                && deadline <= now
            {
                queue_state.deadlines.pop_first();
                taken.lost.push(id);
            }
            for lane in Lane::ALL {
                while taken.ids.len() < max
                    && let Some(&(due, id)) = queue_state.lanes[lane.index()].first()
                    && due <= now_ms
                {
                    queue_state.lanes[lane.index()].pop_first();
                    queue_state.due.remove(&id);
                    taken.first_due_ms = Some(taken.first_due_ms.map_or(due, |first| first.min(due)));
                    taken.ids.push((id, lane));
                }
            }
            for id in taken.lost.iter().chain(taken.ids.iter().map(|(id, _)| id)) {
                queue_state.set_in_flight(*id, now + lease);
            }
            taken.next_due_ms = queue_state
                .lanes
                .iter()
                .filter_map(|lane| lane.first())
                .map(|&(due, _)| due)
                .min();
            if taken.next_due_ms.is_some_and(|due| due <= now_ms) {
                queue_state.wakeup.notify_one();
            }
            taken
        })
    }

    pub fn settle(&self, queue: &Queue, settled: &[Uuid], requeue: &[DriverEntry]) {
        self.with_queue(queue, |queue_state| {
            let mut waiting = requeue.to_vec();
            for id in settled.iter().chain(requeue.iter().map(|(id, ..)| id)) {
                queue_state.remove_in_flight(id);
                waiting.extend(queue_state.run_again.remove(id).map(|(due, lane)| (*id, due, lane)));
            }
            let wakes = !waiting.is_empty();
            for waiting in waiting {
                queue_state.insert(waiting);
            }
            if wakes {
                queue_state.wakeup.notify_one();
            }
        });
    }

    pub fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) {
        let deadline = Instant::now() + lease;
        self.with_queue(queue, |queue_state| {
            ids.iter().for_each(|id| queue_state.set_in_flight(*id, deadline))
        });
    }

    pub fn depth(&self, queue: &Queue) -> Depth {
        self.with_queue(queue, |queue_state| Depth {
            lanes: [0, 1, 2].map(|lane: usize| queue_state.lanes[lane].len()),
            in_flight: queue_state.in_flight.len(),
        })
    }

    pub fn try_lead(&self, queue: &Queue, candidate: &str, term: Duration) -> bool {
        self.with_queue(queue, |queue_state| {
            let now = Instant::now();
            let taken = queue_state
                .leader
                .as_ref()
                .is_some_and(|(leader, until)| leader != candidate && *until > now);
            if !taken {
                queue_state.leader = Some((candidate.to_owned(), now + term));
            }
            !taken
        })
    }

    pub fn wakeup(&self, queue: &Queue) -> Arc<Notify> {
        self.with_queue(queue, |queue_state| queue_state.wakeup.clone())
    }

    fn with_queue<T>(&self, queue: &Queue, run: impl FnOnce(&mut MemoryQueue) -> T) -> T {
        // Nothing panics while the lock is held; if it did, the sweep would find what is lost.
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        run(queues.entry(queue.name).or_default())
    }
}

impl MemoryQueue {
    /// Queues an id or moves it to an earlier due time. Returns whether it is new.
    fn insert(&mut self, (id, due, lane): DriverEntry) -> bool {
        let known = self.due.get(&id).copied();
        if let Some((lane, known_due)) = known {
            if known_due <= due {
                return false;
            }
            self.lanes[lane.index()].remove(&(known_due, id));
        }
        self.lanes[lane.index()].insert((due, id));
        self.due.insert(id, (lane, due));
        known.is_none()
    }

    /// Makes room in a full lane for an id that is due earlier than the lane's last. Returns whether it did.
    fn displace(&mut self, lane: Lane, due: i64) -> bool {
        let queue = &mut self.lanes[lane.index()];
        let Some(&(last, id)) = queue.last().filter(|(last, _)| due < *last) else {
            return false;
        };
        queue.remove(&(last, id));
        self.due.remove(&id);
        true
    }

    fn set_in_flight(&mut self, id: Uuid, deadline: Instant) {
        self.remove_in_flight(&id);
        self.in_flight.insert(id, deadline);
        self.deadlines.insert((deadline, id));
    }

    fn remove_in_flight(&mut self, id: &Uuid) {
        if let Some(deadline) = self.in_flight.remove(id) {
            self.deadlines.remove(&(deadline, *id));
        }
    }
}
