use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use uuid::Uuid;

use super::{CHUNK, Depth, InHand, Pushed, Taken, Waiting};
use crate::queue::{Lane, Queue};

/// The driver of a process that is alone.
#[derive(Default)]
pub(in crate::queue) struct Local {
    shelves: Mutex<HashMap<&'static str, Shelf>>,
}

#[derive(Default)]
struct Shelf {
    lanes: [BTreeSet<(i64, Uuid)>; 3],
    due: HashMap<Uuid, (Lane, i64)>,
    held: HashMap<Uuid, Instant>,
    deadlines: BTreeSet<(Instant, Uuid)>,
    /// Ids in hand that come again, when, and in which lane.
    recalled: HashMap<Uuid, (i64, Lane)>,
    leader: Option<(String, Instant)>,
    bell: Arc<Notify>,
}

impl Local {
    pub fn push(&self, queue: &Queue, lane: Lane, ids: &[(Uuid, i64)], limit: usize, in_hand: InHand) -> Pushed {
        self.on(queue, |shelf| {
            let mut pushed = Pushed::default();
            let mut late = Vec::new();
            for &(id, due) in ids {
                if shelf.held.contains_key(&id) {
                    if in_hand == InHand::Recall {
                        let recalled = shelf.recalled.entry(id).or_insert((due, lane));
                        recalled.0 = recalled.0.min(due);
                    }
                } else if !shelf.due.contains_key(&id) && shelf.lanes[lane.index()].len() >= limit {
                    late.push((due, id));
                } else if shelf.queue((id, due, lane)) {
                    pushed.new += 1;
                }
            }
            late.sort_unstable();
            pushed.dropped = late.len();
            for (due, id) in late {
                if shelf.displace(lane, due) && shelf.queue((id, due, lane)) {
                    pushed.new += 1;
                }
            }
            pushed.depth = shelf.lanes[lane.index()].len();
            if !ids.is_empty() {
                shelf.bell.notify_one();
            }
            pushed
        })
    }

    pub fn take(&self, queue: &Queue, now_ms: i64, n: usize, lease: Duration) -> Taken {
        self.on(queue, |shelf| {
            let now = Instant::now();
            let mut taken = Taken::default();
            while taken.lost.len() < CHUNK
                && let Some(&(deadline, id)) = shelf.deadlines.first()
                && deadline <= now
            {
                shelf.deadlines.pop_first();
                taken.lost.push(id);
            }
            for lane in Lane::ALL {
                while taken.ids.len() < n
                    && let Some(&(due, id)) = shelf.lanes[lane.index()].first()
                    && due <= now_ms
                {
                    shelf.lanes[lane.index()].pop_first();
                    shelf.due.remove(&id);
                    taken.first_due_ms = Some(taken.first_due_ms.map_or(due, |first| first.min(due)));
                    taken.ids.push((id, lane));
                }
            }
            for id in taken.lost.iter().chain(taken.ids.iter().map(|(id, _)| id)) {
                shelf.hold(*id, now + lease);
            }
            taken.next_due_ms = shelf
                .lanes
                .iter()
                .filter_map(|lane| lane.first())
                .map(|&(due, _)| due)
                .min();
            if taken.next_due_ms.is_some_and(|due| due <= now_ms) {
                shelf.bell.notify_one();
            }
            taken
        })
    }

    pub fn settle(&self, queue: &Queue, gone: &[Uuid], again: &[Waiting]) {
        self.on(queue, |shelf| {
            let mut waiting = again.to_vec();
            for id in gone.iter().chain(again.iter().map(|(id, ..)| id)) {
                shelf.let_go(id);
                waiting.extend(shelf.recalled.remove(id).map(|(due, lane)| (*id, due, lane)));
            }
            let rings = !waiting.is_empty();
            for waiting in waiting {
                shelf.queue(waiting);
            }
            if rings {
                shelf.bell.notify_one();
            }
        });
    }

    pub fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) {
        let deadline = Instant::now() + lease;
        self.on(queue, |shelf| ids.iter().for_each(|id| shelf.hold(*id, deadline)));
    }

    pub fn depth(&self, queue: &Queue) -> Depth {
        self.on(queue, |shelf| Depth {
            lanes: [0, 1, 2].map(|lane: usize| shelf.lanes[lane].len()),
            held: shelf.held.len(),
        })
    }

    pub fn lead(&self, queue: &Queue, who: &str, term: Duration) -> bool {
        self.on(queue, |shelf| {
            let now = Instant::now();
            let taken = shelf
                .leader
                .as_ref()
                .is_some_and(|(leader, until)| leader != who && *until > now);
            if !taken {
                shelf.leader = Some((who.to_owned(), now + term));
            }
            !taken
        })
    }

    pub fn bell(&self, queue: &Queue) -> Arc<Notify> {
        self.on(queue, |shelf| shelf.bell.clone())
    }

    fn on<T>(&self, queue: &Queue, run: impl FnOnce(&mut Shelf) -> T) -> T {
        // Nothing in here panics half way; were it to, what is lost is what the sweep finds.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        run(shelves.entry(queue.name).or_default())
    }
}

impl Shelf {
    /// Queues one id, or brings it forward; true if it was not queued.
    fn queue(&mut self, (id, due, lane): Waiting) -> bool {
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

    /// Makes room in a full lane for an id that is due earlier than the last.
    fn displace(&mut self, lane: Lane, due: i64) -> bool {
        let queue = &mut self.lanes[lane.index()];
        let Some(&(last, id)) = queue.last().filter(|(last, _)| due < *last) else {
            return false;
        };
        queue.remove(&(last, id));
        self.due.remove(&id);
        true
    }

    fn hold(&mut self, id: Uuid, deadline: Instant) {
        self.let_go(&id);
        self.held.insert(id, deadline);
        self.deadlines.insert((deadline, id));
    }

    fn let_go(&mut self, id: &Uuid) {
        if let Some(deadline) = self.held.remove(id) {
            self.deadlines.remove(&(deadline, *id));
        }
    }
}
