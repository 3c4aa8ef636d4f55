//! What Meta will tell of, each thing at its time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::simulator::lock;
use crate::traffic::{Change, Fate, Telling};

/// A message and whom it went to.
#[derive(Debug)]
pub(crate) struct Story {
    pub fate: Fate,
    /// It went to a group, whose members each have a status.
    pub is_group: bool,
}

/// A status that waits for its time.
#[derive(Debug)]
pub(crate) struct Due {
    pub story: Arc<Story>,
    pub telling: Telling,
    /// Whoever waits to hear that the receiver has it.
    pub told: Option<oneshot::Sender<()>>,
}

/// Something that happens by itself.
#[derive(Debug)]
pub(crate) enum Event {
    Status(Due),
    /// News of an account, a number or a template.
    News(Change),
    /// Meta decides on a template of that id.
    Review(String),
    /// A number of that id has its new throughput.
    Upgraded(String),
}

#[derive(Debug)]
pub(crate) struct Queue {
    started: Instant,
    waiting: Mutex<Waiting>,
    bell: Notify,
    /// Statuses and news not yet acknowledged or given up.
    untold: AtomicUsize,
}

#[derive(Debug, Default)]
struct Waiting {
    arrivals: u64,
    events: BTreeMap<(Instant, u64), Event>,
}

impl Queue {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            waiting: Mutex::default(),
            bell: Notify::new(),
            untold: AtomicUsize::new(0),
        }
    }

    /// `grain` rounds the time up, so that events gather; zero leaves it as it is.
    pub fn after(&self, wait: Duration, grain: Duration, event: Event) {
        if matches!(event, Event::Status(_) | Event::News(_)) {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
        let mut waiting = lock(&self.waiting);
        waiting.arrivals += 1;
        let due = self.started + rounded(self.started.elapsed() + wait, grain);
        let key = (due, waiting.arrivals);
        waiting.events.insert(key, event);
        // Only an earlier time than the one being waited for is worth a bell.
        let is_first = waiting.events.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(waiting);
        if is_first {
            self.bell.notify_one();
        }
    }

    /// The first event whose time has come.
    pub fn take_due(&self) -> Option<Event> {
        let mut waiting = lock(&self.waiting);
        let entry = waiting.events.first_entry()?;
        (entry.key().0 <= Instant::now()).then(|| entry.remove())
    }

    /// Ready when an event may have fallen due.
    pub async fn next_due(&self) {
        let first = lock(&self.waiting).events.first_key_value().map(|((due, _), _)| *due);
        match first {
            None => self.bell.notified().await,
            Some(due) => {
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.bell.notified() => {}
                }
            }
        }
    }

    pub fn told(&self, count: usize) {
        self.untold.fetch_sub(count, Ordering::Relaxed);
    }

    pub fn untold(&self) -> usize {
        self.untold.load(Ordering::Relaxed)
    }
}

/// The next multiple of the grain, so that several times are one.
fn rounded(time: Duration, grain: Duration) -> Duration {
    match grain.as_micros() {
        0 => time,
        grain => Duration::from_micros(u64::try_from(time.as_micros().div_ceil(grain) * grain).unwrap_or(u64::MAX)),
    }
}
