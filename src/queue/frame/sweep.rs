use std::{sync::Arc, time::Duration};

use super::line::Line;
use crate::queue::{
    Depth, Error, Queue,
    rows::{self, Cursor},
};

/// How often the table is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often, while there is more in the table than the driver was given.
const FEEDING: Duration = Duration::from_millis(100);
/// Ids the sweep keeps in a lane of the driver. Those who have new work may fill it further.
const LEVEL: usize = 20_000;
/// Pages in one turn.
const PAGES: usize = 10;
/// The most turns that are left out, doubling, while the driver knows most of the many rows there are.
const REST: u32 = 4;
/// It knows most where fewer than one in so many is new to it.
const NEW: usize = 4;
/// How long one process has the sweep of a queue to itself.
const TERM: Duration = Duration::from_secs(3);

/// Brings in what the driver does not know: rows whose push failed, was dropped or flushed, or that have come near their time. One
/// process does it for a queue at a time. An idle turn costs one command and one look at the end of an index.
pub async fn sweep(line: Arc<Line>) {
    let (shared, queue) = (&line.shared, &line.terms.queue);
    let mut broom = Broom::default();
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.stop.cancelled()).await.is_err() {
        pause = EVERY;
        if matches!(shared.queues.lead(queue, &shared.name, TERM).await, Ok(true))
            && let Ok(More::Yes) = broom.turn(&line).await
        {
            pause = FEEDING;
        }
    }
    drop(shared.queues.lead(queue, &shared.name, Duration::ZERO).await);
}

#[derive(Default)]
struct Broom {
    /// Where the last turn stopped.
    at: Option<Cursor>,
    feeding: bool,
    /// Turns to leave out, and how many it was last time.
    resting: u32,
    rest: u32,
}

#[derive(PartialEq)]
enum More {
    Yes,
    No,
}

enum Stopped {
    Driver,
    Database(sqlx::Error),
}

impl Broom {
    async fn turn(&mut self, line: &Line) -> Result<More, ()> {
        let more = self.pages(line).await;
        self.feeding = matches!(more, Ok(More::Yes));
        match more {
            Ok(more) => line.shared.database.note::<_, Error>(Ok(more)).map_err(drop),
            // Noted where it happened.
            Err(Stopped::Driver) => Err(()),
            Err(Stopped::Database(error)) => line.shared.database.note(Err(error)).map_err(drop),
        }
    }

    async fn pages(&mut self, line: &Line) -> Result<More, Stopped> {
        let (shared, queue) = (&line.shared, &line.terms.queue);
        let level = LEVEL.min(shared.queues.limit());
        let depth = shared.queues.depth(queue).await?;
        if depth.waiting() == 0 {
            // Everything given was worked off, or forgotten: the oldest first again.
            self.at = None;
            (self.resting, self.rest) = (0, 0);
        }
        if self.resting > 0 {
            self.resting -= 1;
            return Ok(More::No);
        }
        if self.feeding && is_at(queue, &depth, level / 2) {
            return Ok(More::Yes);
        }
        let (mut looked, mut brought, mut dropped) = (0, 0, 0);
        for _ in 0..PAGES {
            let mut page = rows::due_page(&shared.db, queue, self.at, shared.clock.now()).await?;
            if !page.expired.is_empty() {
                let (now, max) = (shared.clock.now(), line.terms.max_attempts);
                let rescued = rows::rescue(&shared.db, queue, &page.expired, None, max, now).await?;
                page.pending.extend(rescued.again);
            }
            let pushed = shared.queues.refill(queue, &page.pending, level).await?;
            looked += page.pending.len();
            brought += pushed.new;
            dropped += pushed.dropped;
            metrics::counter!("mainstay_jobs_swept_total", "queue" => queue.name).increment(pushed.new as u64);
            if pushed.dropped > 0 && !queue.has_lanes() {
                return Ok(More::Yes);
            }
            self.at = page.next;
            if self.at.is_none() {
                break;
            }
        }
        if looked < rows::PAGE || brought * NEW >= looked {
            self.rest = 0;
            let done = self.at.is_none() || brought == 0;
            return Ok(if done { More::No } else { More::Yes });
        }
        // What found its lane full is to be there before that is empty.
        let most = if dropped > 0 { 1 } else { REST };
        self.rest = (self.rest * 2).clamp(1, most);
        self.resting = self.rest;
        Ok(More::No)
    }
}

/// Whether every lane in use holds that many.
fn is_at(queue: &Queue, depth: &Depth, level: usize) -> bool {
    if queue.has_lanes() {
        depth.lanes.iter().all(|&lane| lane >= level)
    } else {
        depth.waiting() >= level
    }
}

impl From<Error> for Stopped {
    fn from(_: Error) -> Self {
        Stopped::Driver
    }
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Stopped::Database(error)
    }
}
